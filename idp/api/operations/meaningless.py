"""Operations that cannot mean anything in a pool of one's own; each is refused with the reason."""

from __future__ import annotations

from idp.api.registry import unsupported

unsupported(
    "a pool has no replicas in other regions; several nodes share one database instead",
    "CreateUserPoolReplica",
    "UpdateUserPoolReplica",
    "DeleteUserPoolReplica",
    "ListUserPoolReplicas",
)
unsupported(
    "the pool keeps no history to restore from; back up the database and the instance key",
    "InitiatePointInTimeRecovery",
    "StartPointInTimeRecovery",
    "CancelPointInTimeRecovery",
    "DescribePointInTimeRecovery",
    "ListPointInTimeRecoveries",
)
unsupported(
    "there are no provisioned limits; the machine is the limit",
    "GetProvisionedLimit",
    "UpdateProvisionedLimit",
)
unsupported(
    "clients are not taken from metadata documents of other sites",
    "CreateCIMDPolicy",
    "DescribeCIMDPolicy",
    "UpdateCIMDPolicy",
    "DeleteCIMDPolicy",
    "ListCIMDPolicies",
    "ListClientMetadataURLs",
    "UpdateClientMetadataURLState",
)
unsupported(
    "the certificate signs requests to SAML providers, which nobody signs in through here",
    "GetSigningCertificate",
)
