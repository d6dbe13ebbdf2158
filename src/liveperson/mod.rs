//! Reading LivePerson: discovery, login, session, polls, in JSON and in XML.
