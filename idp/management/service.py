"""All desks of the management in one value, put together once per process."""

from __future__ import annotations

from dataclasses import dataclass

from idp.clock import Clock
from idp.imports.jobs import ImportDesk
from idp.imports.runner import ImportRunner
from idp.management.catalog import Catalog
from idp.management.clients import ClientDesk
from idp.management.domains import DomainDesk
from idp.management.looks import LookDesk
from idp.management.pools import PoolDesk
from idp.management.providers import ProviderDesk
from idp.management.resource_servers import ResourceServerDesk
from idp.management.styles import StyleDesk
from idp.seal import Vault
from idp.store.base import Store
from idp.tokens.keys import KeyRing


@dataclass(frozen=True, slots=True)
class Management:
    """What operators manage."""

    catalog: Catalog
    imports: ImportDesk
    import_runner: ImportRunner
    pools: PoolDesk
    clients: ClientDesk
    domains: DomainDesk
    looks: LookDesk
    providers: ProviderDesk
    resource_servers: ResourceServerDesk
    styles: StyleDesk

    @classmethod
    def compose(cls, store: Store, clock: Clock, keys: KeyRing, vault: Vault) -> Management:
        """Put the desks together."""
        catalog = Catalog(store, clock)
        pools = PoolDesk(store, clock, keys, catalog)
        imports = ImportDesk(store, clock, vault)
        return cls(
            catalog=catalog,
            imports=imports,
            import_runner=ImportRunner(imports),
            pools=pools,
            clients=ClientDesk(store, clock, catalog),
            domains=DomainDesk(pools),
            looks=LookDesk(pools, catalog),
            providers=ProviderDesk(pools),
            resource_servers=ResourceServerDesk(pools),
            styles=StyleDesk(pools, catalog),
        )
