"""One block over all subjects: rounds in turns, what each costs, and proof that every request was served."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.blocks import Block
from bench.load import Load, LoadError, Order, run_wrk
from bench.report import Row, Sample, summarize
from bench.subject import Subject
from bench.upstream import Upstream


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure."""

    rounds: int
    seconds: int


@dataclass(slots=True)
class Bench:
    """The started subjects and what loads them."""

    folder: Path
    upstream: Upstream
    load_cores: str
    subjects: dict[str, Sequence[Subject]] = field(default_factory=dict)
    """The rows of each program."""

    def measure(self, block: Block, effort: Effort) -> list[Row]:
        """Run the rounds; return a row for each. Raises LoadError when one did not serve everything."""
        asked = [
            subject
            for program, subjects in self.subjects.items()
            if block.programs is None or program in block.programs
            for subject in subjects
        ]
        samples: dict[str, list[Sample]] = {subject.name: [] for subject in asked}
        for number in range(effort.rounds):
            for subject in asked:
                tell(f"{block.name}, round {number + 1} of {effort.rounds}: {subject.name}")
                samples[subject.name].append(self._sample(subject, block, seconds=effort.seconds))
        tell("")
        return [summarize(each.name, each.version, samples[each.name]) for each in asked]

    def _sample(self, subject: Subject, block: Block, *, seconds: int) -> Sample:
        """Warm the subject up and look at what it answers; then load it and take the CPU time in between."""
        order = Order(
            f"{subject.url}/{block.body}", block.connections, block.size, subject.headers, block.variation
        )
        try:
            run_wrk(
                order, seconds=block.warm_up_seconds, cores=self.load_cores, folder=self.folder, check=True
            )
            subject.program.forget_peak()
            count, before = self.upstream.count(), subject.program.cpu_seconds()
            load = run_wrk(order, seconds=seconds, cores=self.load_cores, folder=self.folder)
            cpu = subject.program.cpu_seconds() - before
            require_all_served(load, arrived=self.upstream.count() - count)
        except LoadError as error:
            raise LoadError(f"{subject.name}, {block.name}: {error}") from error
        return Sample(load, cpu, subject.program.peak_rss_mib())


def require_all_served(load: Load, *, arrived: int) -> None:
    """Raise LoadError when the target got fewer requests than the client got answers."""
    if arrived < load.requests:
        raise LoadError(f"{load.requests} answers, but only {arrived} came from the target")


def tell(what: str) -> None:
    """Show on the terminal what is being done; nothing clears it."""
    print(f"\r{what:<70}\r", end="", file=sys.stderr, flush=True)
