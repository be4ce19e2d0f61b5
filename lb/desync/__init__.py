"""HTTP desync mitigation (ALB user guide, "Desync mitigation mode"): how far requests are from RFC 9112, and
what becomes of them.

`table` holds the classes and reasons; `framing` classifies what says where a body ends; `request_line` and
`header_lines` read leniently what the strict parser refuses, put together by `odd_head`, from where `locate`
finds it; `mitigation` applies the mode. Not here: the limits and the reading of sound heads (`lb.admission`,
`lb.request_reader`).
"""
