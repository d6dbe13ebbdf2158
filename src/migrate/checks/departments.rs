//! The check of departments: what may be created, and which is meant.

use super::{
    Scene,
    finding::{about, counted, failed, ok, warning},
    nobody,
};
use crate::migrate::{
    verify::departments::{Found, find, needed},
    wire::Finding,
};

const FOLD: &str = "set migrate.departments to \"one\" and migrate.single_department to a department that is there: everybody goes into it, and the bridge keeps the skills and routes by them";

/// Community creates a department only while there is none at all, archived ones included (admin
/// contract §3.4).
///
/// | to be created | may create | paid module | finding |
/// |---|---|---|---|
/// | none | | | ok |
/// | one or more | no | | failed |
/// | one, and none is there | yes, unknown | no | ok |
/// | several, or others are there | yes, unknown | no | failed |
/// | one or more | unknown | unknown | warning |
/// | one or more | otherwise | | ok |
///
/// Before all that: a name that several departments have there is failed, and so is one whose
/// department is closed and not ours.
pub(super) fn departments(name: &'static str, scene: &Scene<'_>) -> Finding {
    if scene.people.is_empty() {
        return nobody(name);
    }
    let inputs = scene.inputs;
    let (desired, actual) = (&inputs.believed.desired, inputs.actual);
    let mut missing = Vec::new();
    let mut unclear = Vec::new();
    let mut closed = Vec::new();
    let wanted = needed(scene.people);
    for department_name in &wanted {
        match find(department_name, desired, actual, inputs.links) {
            Found::One { department, ours } => {
                if !ours && (department.archived || !department.enabled) {
                    closed.push(*department_name);
                }
            }
            Found::Nothing => missing.push(*department_name),
            Found::Several(_) => unclear.push(*department_name),
        }
    }
    if !unclear.is_empty() {
        let detail = format!(
            "{} there more than once, so it is not clear which is meant",
            counted(unclear.len(), "department is", "departments are")
        );
        let remedy =
            "rename the others, or name the one that is meant by its id in mapping.skills.map";
        return about(failed(name, detail, remedy), unclear);
    }
    if !closed.is_empty() {
        let detail = format!(
            "{} archived or disabled there, and not ours to open",
            counted(closed.len(), "department is", "departments are")
        );
        let remedy = "open it there, or map to another name";
        return about(failed(name, detail, remedy), closed);
    }
    let wanted = counted(wanted.len(), "department is", "departments are");
    if missing.is_empty() {
        return ok(name, format!("{wanted} needed, and there"));
    }
    let capabilities = scene.capabilities;
    let told = format!("{wanted} needed, and {} to be created", missing.len());
    let first_of_all = missing.len() == 1 && actual.departments().is_empty();
    match (
        capabilities.may_create_departments,
        capabilities.paid_omnichannel,
    ) {
        (Some(false), _) => about(
            failed(
                name,
                format!("{told}, which this Rocket.Chat does not allow"),
                FOLD,
            ),
            missing,
        ),
        (_, Some(false)) if !first_of_all => about(
            failed(
                name,
                format!("{told}; without the paid omnichannel module there can be only one"),
                FOLD,
            ),
            missing,
        ),
        (None, None) => about(
            warning(
                name,
                format!("{told}; whether Rocket.Chat allows that cannot be read"),
                FOLD,
            ),
            missing,
        ),
        (_, Some(_)) | (Some(true), None) => about(ok(name, told), missing),
    }
}
