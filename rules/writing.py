"""Write a `RuleSet` as a rule document in one canonical form: `parse_ruleset` reads it back to an equal set.

Members stand in elbv2's order; configs instead of shorthands; defaults are spelt out, as describe calls do.
The client secret is left out unless asked for, because documents get printed (AWS never returns it either).
"""

from __future__ import annotations

from rules.actions import (
    Action,
    AuthenticateCognito,
    AuthenticateOidc,
    FixedResponse,
    Forward,
    JwtValidation,
    Redirect,
    SessionPolicy,
    WeightedTargetGroup,
)
from rules.conditions import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryPair,
    QueryString,
    SourceIp,
)
from rules.ruleset import Rule, RuleSet
from rules.transforms import HostHeaderRewrite, Transform

Document = dict[str, object]


def to_document(ruleset: RuleSet, *, with_secrets: bool = False) -> Document:
    """Return the canonical document of `ruleset`; without secrets it does not read back where one is
    needed.
    """
    return {
        "DefaultActions": _actions(ruleset.default, with_secrets),
        "Rules": [_rule(rule, with_secrets) for rule in ruleset.rules],
    }


def _rule(rule: Rule, with_secrets: bool) -> Document:
    document: Document = {
        "Priority": rule.priority,
        "Conditions": [write_condition(condition) for condition in rule.conditions],
        "Actions": _actions(rule, with_secrets),
    }
    if rule.transforms:
        document["Transforms"] = [_transform(transform) for transform in rule.transforms]
    return document


def write_condition(condition: Condition) -> Document:
    """Return one condition as a document."""
    match condition:
        case HostHeader():
            member, config = "HostHeaderConfig", _texts(condition)
        case PathPattern():
            member, config = "PathPatternConfig", _texts(condition)
        case HttpHeader():
            member, config = "HttpHeaderConfig", {"HttpHeaderName": condition.name, **_texts(condition)}
        case HttpRequestMethod():
            member, config = "HttpRequestMethodConfig", {"Values": list(condition.values)}
        case QueryString():
            member, config = "QueryStringConfig", {"Values": [_pair(pair) for pair in condition.values]}
        case SourceIp():
            member, config = "SourceIpConfig", {"Values": list(condition.values)}
    return {"Field": condition.field, member: config}


def _texts(condition: HostHeader | PathPattern | HttpHeader) -> Document:
    if condition.regex_values:
        return {"RegexValues": list(condition.regex_values)}
    return {"Values": list(condition.values)}


def _pair(pair: QueryPair) -> Document:
    return {"Value": pair.value} if pair.key is None else {"Key": pair.key, "Value": pair.value}


def _actions(rule: Rule, with_secrets: bool) -> list[Document]:
    if rule.pre_action is None:
        return [write_action(rule.routing)]
    pre = write_action(rule.pre_action, with_secrets=with_secrets)
    routing = write_action(rule.routing)
    return [_ordered(pre, 1), _ordered(routing, 2)]


def _ordered(action: Document, order: int) -> Document:
    return {"Type": action["Type"], "Order": order, **action}


def write_action(action: Action, *, with_secrets: bool = False) -> Document:
    """Return one action as a document."""
    match action:
        case Forward():
            return {"Type": "forward", **_forward(action)}
        case Redirect():
            return {"Type": "redirect", "RedirectConfig": _redirect(action)}
        case FixedResponse():
            return {"Type": "fixed-response", "FixedResponseConfig": _fixed_response(action)}
        case AuthenticateCognito():
            return {"Type": "authenticate-cognito", "AuthenticateCognitoConfig": _cognito(action)}
        case AuthenticateOidc():
            return {"Type": "authenticate-oidc", "AuthenticateOidcConfig": _oidc(action, with_secrets)}
        case JwtValidation():
            return {"Type": "jwt-validation", "JwtValidationConfig": _jwt(action)}


def _forward(action: Forward) -> Document:
    if action == Forward((WeightedTargetGroup(action.target_groups[0].name),)):
        return {"TargetGroupArn": action.target_groups[0].name}
    return {
        "ForwardConfig": {
            "TargetGroups": [
                {"TargetGroupArn": group.name, "Weight": group.weight} for group in action.target_groups
            ],
            "TargetGroupStickinessConfig": {
                "Enabled": action.stickiness.enabled,
                "DurationSeconds": action.stickiness.duration_seconds,
            },
        }
    }


def _redirect(action: Redirect) -> Document:
    return {
        "Protocol": action.protocol,
        "Port": action.port,
        "Host": action.host,
        "Path": action.path,
        "Query": action.query,
        "StatusCode": f"HTTP_{action.status_code}",
    }


def _fixed_response(action: FixedResponse) -> Document:
    return {
        "StatusCode": str(action.status_code),
        "ContentType": action.content_type,
        "MessageBody": action.message_body,
    }


def _cognito(action: AuthenticateCognito) -> Document:
    document: Document = {"UserPoolArn": action.user_pool, "UserPoolClientId": action.user_pool_client_id}
    if action.user_pool_domain:
        document["UserPoolDomain"] = action.user_pool_domain
    return {**document, **_session(action.session)}


def _oidc(action: AuthenticateOidc, with_secrets: bool) -> Document:
    endpoints = {
        "AuthorizationEndpoint": action.authorization_endpoint,
        "TokenEndpoint": action.token_endpoint,
        "UserInfoEndpoint": action.user_info_endpoint,
    }
    document: Document = {"Issuer": action.issuer, **{name: url for name, url in endpoints.items() if url}}
    document["ClientId"] = action.client_id
    if with_secrets:
        document["ClientSecret"] = action.client_secret
    return {**document, **_session(action.session)}


def _session(session: SessionPolicy) -> Document:
    document: Document = {
        "SessionCookieName": session.session_cookie_name,
        "Scope": session.scope,
        "SessionTimeout": session.session_timeout,
        "OnUnauthenticatedRequest": session.on_unauthenticated_request.value,
    }
    if session.authentication_request_extra_params:
        document["AuthenticationRequestExtraParams"] = dict(session.authentication_request_extra_params)
    return document


def _jwt(action: JwtValidation) -> Document:
    document: Document = {"JwksEndpoint": action.jwks_endpoint, "Issuer": action.issuer}
    if action.additional_claims:
        document["AdditionalClaims"] = [
            {"Format": claim.format.value, "Name": claim.name, "Values": list(claim.values)}
            for claim in action.additional_claims
        ]
    return document


def _transform(transform: Transform) -> Document:
    member = "HostHeaderRewriteConfig" if isinstance(transform, HostHeaderRewrite) else "UrlRewriteConfig"
    rewrites = [{"Regex": rewrite.regex, "Replace": rewrite.replace} for rewrite in transform.rewrites]
    return {"Type": transform.type, member: {"Rewrites": rewrites}}
