//! The handlers, one family of routes a file.

mod agents;
mod create;
mod departments;
mod door;
mod limits;
mod membership;
mod office;
mod people;
mod roles;
mod update;

use super::{
    call::{Call, Done},
    route::Route,
};

/// Does what the route is for.
pub(super) fn act(call: &mut Call<'_>) -> Done {
    match call.route {
        Route::Info => door::info(call),
        Route::Me => door::me(call),
        Route::Login => door::login(call),
        Route::Logout => door::logout(call),
        Route::LicenceInfo => office::licence_info(call),
        Route::LicenceGet => office::licence_get(call),
        Route::Permissions => office::permissions(call),
        Route::Routing => office::routing(call),
        Route::SettingList => office::settings(call),
        Route::SettingShow => office::setting(call),
        Route::SettingSave => office::save_setting(call),
        Route::WebhookTest => office::test_webhook(call),
        Route::UserCreate => create::create(call),
        Route::UserUpdate => update::update(call),
        Route::UserActive => update::set_active(call),
        Route::UserDelete => update::delete(call),
        Route::UserInfo => people::info(call),
        Route::UserList => people::list(call),
        Route::UserListByStatus => people::list_by_status(call),
        Route::UsernameFree => people::username_free(call),
        Route::ForgotPassword => people::forgot_password(call),
        Route::Roles => roles::list(call),
        Route::RoleAdd => roles::add(call),
        Route::RoleRemove => roles::remove(call),
        Route::AgentList => agents::list(call),
        Route::AgentAdd => agents::add(call),
        Route::AgentShow => agents::show(call),
        Route::AgentRemove => agents::remove(call),
        Route::AgentStatus => agents::status(call),
        Route::Queue => agents::queue(call),
        Route::SaveInfo => limits::save_info(call),
        Route::CallMethod => limits::method(call),
        Route::DepartmentList => departments::list(call),
        Route::DepartmentCreate => departments::create(call),
        Route::DepartmentShow => departments::show(call),
        Route::DepartmentUpdate => departments::update(call),
        Route::DepartmentDelete => departments::delete(call),
        Route::DepartmentArchive => departments::archive(call, true),
        Route::DepartmentUnarchive => departments::archive(call, false),
        Route::DepartmentArchived => departments::archived(call),
        Route::DepartmentAllowed => departments::allowed(call),
        Route::AgentDepartments => membership::of_agent(call),
        Route::MemberList => membership::list(call),
        Route::MemberSave => membership::save(call),
    }
}
