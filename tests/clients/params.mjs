// The request validators that rest-typings exports: Rocket.Chat runs these very functions.
const PACKAGES = {
  6: 'rest-typings-6',
  7: 'rest-typings-7',
  8: '@rocket.chat/rest-typings',
};

// Which function is whose; `livechat/visitor` has none that is exported.
const NAMES = {
  'DELETE /v1/livechat/message/:_id': 'isDELETELivechatMessageIdParams',
  'GET /v1/livechat/:rid/messages': 'isLivechatRidMessagesProps',
  'GET /v1/livechat/agent.next/:token': 'isGETAgentNextToken',
  'GET /v1/livechat/config': 'isGETLivechatConfigParams',
  'GET /v1/livechat/custom-fields': 'isLivechatCustomFieldsProps',
  'GET /v1/livechat/inquiries.getOne': 'isGETLivechatInquiriesGetOneParams',
  'GET /v1/livechat/inquiries.list': 'isGETLivechatInquiriesListParams',
  'GET /v1/livechat/inquiries.queuedForUser': 'isGETLivechatInquiriesQueuedForUserParams',
  'GET /v1/livechat/message/:_id': 'isGETLivechatMessageIdParams',
  'GET /v1/livechat/messages.history/:rid': 'isGETLivechatMessagesHistoryRidParams',
  'GET /v1/livechat/room': 'isGETLivechatRoomParams',
  'GET /v1/livechat/room.join': 'isLiveChatRoomJoinProps',
  'GET /v1/livechat/rooms': 'isGETLivechatRoomsParams',
  'GET /v1/omnichannel/contact': 'isGETOmnichannelContactProps',
  'GET /v1/omnichannel/contact.search': 'isGETOmnichannelContactSearchProps',
  'GET /v1/omnichannel/contacts.channels': 'isGETOmnichannelContactsChannelsProps',
  'GET /v1/omnichannel/contacts.checkExistence': 'isGETOmnichannelContactsCheckExistenceProps',
  'GET /v1/omnichannel/contacts.get': 'isGETOmnichannelContactsProps',
  'GET /v1/omnichannel/contacts.history': 'isGETOmnichannelContactHistoryProps',
  'GET /v1/omnichannel/contacts.search': 'isGETOmnichannelContactsSearchProps',
  'POST /v1/chat.postMessage': 'isChatPostMessageProps',
  'POST /v1/chat.sendMessage': 'isChatSendMessageProps',
  'POST /v1/livechat/agent.status': 'isPOSTLivechatAgentStatusProps',
  'POST /v1/livechat/custom.field': 'isPOSTLivechatCustomFieldParams',
  'POST /v1/livechat/custom.fields': 'isPOSTLivechatCustomFieldsParams',
  'POST /v1/livechat/inquiries.returnAsInquiry': 'isPOSTLivechatInquiriesReturnAsInquiry',
  'POST /v1/livechat/inquiries.take': 'isPOSTLivechatInquiriesTakeParams',
  'POST /v1/livechat/message': 'isPOSTLivechatMessageParams',
  'POST /v1/livechat/offline.message': 'isPOSTLivechatOfflineMessageParams',
  'POST /v1/livechat/page.visited': 'isPOSTLivechatPageVisitedParams',
  'POST /v1/livechat/room.close': 'isPOSTLivechatRoomCloseParams',
  'POST /v1/livechat/room.closeByUser': 'isPOSTLivechatRoomCloseByUserParams',
  'POST /v1/livechat/room.forward': 'isLiveChatRoomForwardProps',
  'POST /v1/livechat/room.saveInfo': 'isLiveChatRoomSaveInfoProps',
  'POST /v1/livechat/room.survey': 'isPOSTLivechatRoomSurveyParams',
  'POST /v1/livechat/room.transfer': 'isPOSTLivechatRoomTransferParams',
  'POST /v1/livechat/transcript': 'isPOSTLivechatTranscriptParams',
  'POST /v1/livechat/transcript/:rid': 'isPOSTLivechatTranscriptRequestParams',
  'POST /v1/livechat/visitor.callStatus': 'isLivechatVisitorCallStatusProps',
  'POST /v1/livechat/visitor.status': 'isLivechatVisitorStatusProps',
  'POST /v1/livechat/visitor/department.transfer': 'isPOSTLivechatVisitorDepartmentTransferParams',
  'POST /v1/login': 'isLoginProps',
  'POST /v1/omnichannel/contact': 'isPOSTOmnichannelContactProps',
  'POST /v1/omnichannel/contacts': 'isPOSTOmnichannelContactsProps',
  'POST /v1/omnichannel/contacts.delete': 'isPOSTOmnichannelContactDeleteProps',
  'POST /v1/omnichannel/contacts.update': 'isPOSTUpdateOmnichannelContactsProps',
  'PUT /v1/livechat/message/:_id': 'isPUTLivechatMessageIdParams',
};

/** What `qs` makes of a query. */
export function query(search) {
  const found = {};
  for (const [name, value] of new URLSearchParams(search)) {
    const key = name.replace(/\[\]$/, '');
    if (key !== name) (found[key] ??= []).push(value);
    else found[key] = key in found ? [found[key], value].flat() : value;
  }
  return found;
}

/** `judge(operation, params)`: undefined where nothing is exported, else the validator's errors. */
export async function params(version) {
  const namespace = await import(PACKAGES[version]);
  const exported = namespace.default ?? namespace;
  return (operation, given) => {
    const validate = exported[NAMES[operation]];
    if (!validate) return undefined;
    // It coerces in place.
    return validate(structuredClone(given)) ? [] : validate.errors;
  };
}
