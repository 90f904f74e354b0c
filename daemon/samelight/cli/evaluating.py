"""What `samelight evaluate` measures: from the command line's words to a plan, and from a plan to an evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from samelight import harmonizers, weights
from samelight.cli.cost_notes import costs_of
from samelight.devices import choose_devices, use_all_cores
from samelight.evaluation.baselines import BASELINES
from samelight.evaluation.cases import KeptPicture
from samelight.evaluation.evaluation import Evaluation, Failure, Measurement, MethodFacts
from samelight.evaluation.journal import Journal, run_with_journal
from samelight.evaluation.methods import BaselineSpec, MethodSpec, NetworkSpec, model_of
from samelight.evaluation.results import ResultsSpec
from samelight.evaluation.runner import Measured, Measurer, Plan, collect
from samelight.evaluation.scores import COMPOSITE, REAL
from samelight.evaluation.sets import IHarmony4Set, PhotoSet, PictureSet, TripleSet
from samelight.evaluation.sizes import Size, parse_size
from samelight.segmentation import SEGMENTERS
from samelight.training.iharmony4 import SUBSETS
from samelight_wire.errors import InputError, InvalidOptionError, SamelightError, WeightsError

__all__ = ["Wishes", "measure", "prepare"]


@dataclass(frozen=True)
class Wishes:
    """The command line of `samelight evaluate`, as far as it says what is measured."""

    on_photos: Path | None
    """Photographs for the project's benchmark."""
    iharmony4: Path | None
    """The folder with iHarmony4."""
    subsets: Sequence[str]
    """Of iHarmony4; all where none is named."""
    triples: Path | None
    """A folder with composites, masks and real pictures."""
    models: Sequence[str]
    """Networks by name; those that have weights where none is named."""
    weights: Sequence[str]
    """[NAME=]FILE each."""
    results: Sequence[str]
    """NAME=FOLDER each."""
    baselines: bool
    """Whether the classical methods are measured."""
    sizes: Sequence[str]
    """As `parse_size` reads them."""
    limit: int | None
    """Only so many pictures."""
    harmonious: bool
    """Whether methods are also given real pictures as composites."""
    colour: float
    """How much of their shift of colour networks keep in the pipeline, 0..1."""
    segmenter: str
    """What finds instances."""
    device: str
    """As `choose_devices` reads it."""
    workers: int
    """Processes that share the pictures."""
    resume: Path | None
    """The file that keeps the figures."""
    save: Path | None
    """The folder for pictures and results."""


@dataclass(frozen=True)
class Prepared:
    """An evaluation that can begin: everything that can be wrong from the start has been looked at."""

    measurer: Measurer
    """Pictures and methods, opened."""
    indices: Sequence[int]
    """Which pictures are measured."""
    failures: Sequence[Failure]
    """Methods that cannot run."""
    notes: Sequence[str]
    """What is left out for want of a package, in sentences."""
    journal: Journal | None
    """What was measured before, and where figures are kept."""
    workers: int
    """Processes that share the pictures."""


def prepare(wishes: Wishes) -> Prepared:
    """Open everything.

    Raises:
        InputError: (its subclasses) an option cannot be followed, or there are no pictures.
    """
    if wishes.segmenter not in SEGMENTERS:
        raise InvalidOptionError(
            f"There is no segmenter '{wishes.segmenter}'.", f"Choose one of {', '.join(SEGMENTERS)}."
        )
    use_all_cores()
    device = str(choose_devices(wishes.device)[0])
    methods, failures = _usable(_methods(wishes, device))
    plan = Plan(
        open_set=_opener(wishes),
        methods=methods,
        sizes=_sizes(wishes.sizes),
        harmonious=wishes.harmonious,
        segmenter=wishes.segmenter,
        device=device,
        save=wishes.save,
    )
    measurer = Measurer(plan)
    for size in plan.sizes:
        measurer.methods(size)
    journal = Journal(wishes.resume, measurer) if wishes.resume else None
    notes = [*_told_of_colour(wishes), *(_left_out() if wishes.baselines else [])]
    return Prepared(measurer, measurer.pictures.chosen(wishes.limit), failures, notes, journal, wishes.workers)


def measure(prepared: Prepared, on_picture: Callable[[str], None]) -> Evaluation:
    """Measure all pictures; `on_picture` hears each one's name when it is done.

    Raises:
        InputError: not one of the pictures could be measured.
        OutputError: the file to resume from cannot be written.
    """
    measurer, failures = prepared.measurer, list(prepared.failures)
    done: list[Measured] = []
    for found in run_with_journal(measurer, prepared.indices, prepared.workers, prepared.journal):
        on_picture(found.name)
        done.append(found) if isinstance(found, Measured) else failures.append(found)
    if not done:
        (message, hint), _ = Counter((failure.message, failure.hint) for failure in failures).most_common(1)[0]
        raise InputError(f"Not one picture could be measured. {message}", hint)
    plan = measurer.plan
    measurements = [_measurement(measurer, size, done) for size in plan.sizes]
    notes = [note for note in (measurer.without_lpips, *prepared.notes) if note]
    title = f"{measurer.pictures.title}, {len(done):,} pictures"
    return Evaluation(title, measurements, _facts(plan), failures, notes)


def _measurement(measurer: Measurer, size: Size, done: Sequence[Measured]) -> Measurement:
    """One size's scores; pictures are drawn again by their position among those that were measured."""

    def draw(position: int) -> KeptPicture:
        return replace(measurer.draw(size, done[position].index), index=position)

    return Measurement(size.name, size.about, collect(done, size.name), draw)


def _facts(plan: Plan) -> dict[str, MethodFacts]:
    """What is known of each method, with the networks' costs."""
    models = {name: spec.model for name, spec in plan.methods.items() if isinstance(spec, NetworkSpec)}
    costs = costs_of(dict.fromkeys(models.values()))
    facts = {name: spec.facts() for name, spec in plan.methods.items()}
    for name, model in models.items():
        cost = costs[model]
        facts[name] = replace(facts[name], parameters=cost.parameters, multiply_adds=cost.multiply_adds)
    return facts


def _opener(wishes: Wishes) -> Callable[[], PictureSet]:
    """What lists the pictures.

    Raises: InvalidOptionError where not exactly one collection is named.
    """
    named = [path for path in (wishes.on_photos, wishes.iharmony4, wishes.triples) if path is not None]
    if len(named) != 1:
        raise InvalidOptionError(
            "Pictures to measure on are named " + ("twice." if named else "nowhere."),
            "Give one of --on-photos, --iharmony4 and --triples.",
        )
    if wishes.subsets and wishes.iharmony4 is None:
        raise InvalidOptionError("Only iHarmony4 has subsets.", "Leave out --subset, or give --iharmony4.")
    if wishes.on_photos:
        return partial(PhotoSet, wishes.on_photos)
    if wishes.triples:
        return partial(TripleSet, wishes.triples)
    return partial(IHarmony4Set, named[0], tuple(wishes.subsets) or SUBSETS)


def _sizes(names: Sequence[str]) -> list[Size]:
    """The sizes, each once."""
    return list({size.name: size for size in map(parse_size, names)}.values())


def _methods(wishes: Wishes, device: str) -> dict[str, MethodSpec]:
    """Baselines, networks, other programs' results: the order of the tables.

    Raises: InputError for a name that is nothing, or twice.
    """
    methods: dict[str, MethodSpec] = {}
    if wishes.baselines:
        _add(methods, ((name, BaselineSpec(name)) for name, baseline in BASELINES.items() if baseline.is_installed))
    _add(methods, ((folder_name, ResultsSpec(folder)) for folder_name, folder in map(_named_folder, wishes.results)))
    for name in wishes.models:
        harmonizers.describe(name)
    ready = [] if wishes.weights else [name for name in harmonizers.names() if weights.state_of(name) == "ok"]
    _add(methods, ((name, NetworkSpec(name, None, device, wishes.colour)) for name in wishes.models or ready))
    for text in wishes.weights:
        name, file = _named(text)
        spec = NetworkSpec(model_of(file), file.absolute(), device, wishes.colour)
        own = file.stem if file.stem not in methods else f"{file.stem} of {file.absolute().parent.name}"
        _add(methods, [(name or own, spec)])
    return methods


def _told_of_colour(wishes: Wishes) -> list[str]:
    """What the tables say of a share of colour.

    Raises: InvalidOptionError where it would count nowhere.
    """
    if wishes.colour == 1.0:
        return []
    if all(size.alone for size in _sizes(wishes.sizes)):
        raise InvalidOptionError(
            "--colour counts in the pipeline, but at 256 networks are measured alone.", "Add --at native."
        )
    return [f"In the pipeline networks kept {wishes.colour:.0%} of their shift of colour."]


def _left_out() -> list[str]:
    lacking = [(name, baseline.module) for name, baseline in BASELINES.items() if not baseline.is_installed]
    return [f"{name} was not measured: {module} is not installed (extra `train`)." for name, module in lacking]


def _add(methods: dict[str, MethodSpec], more: Iterable[tuple[str, MethodSpec]]) -> None:
    for name, spec in more:
        if name in methods or name in (COMPOSITE, REAL):
            raise InvalidOptionError(
                f"Two rows of the table would be named '{name}', or it is what the composites or the real pictures are "
                "called.",
                "Give it another name.",
            )
        if name in ("", ".", "..") or set(name) & set("/\\"):
            raise InvalidOptionError(
                f"'{name}' cannot name a row of the table, nor a folder of results.", "Leave out slashes and dots."
            )
        methods[name] = spec


def _named(text: str) -> tuple[str, Path]:
    """NAME=PATH, or PATH alone with an empty name."""
    name, equals, path = text.partition("=")
    return (name, Path(path).expanduser()) if equals and not Path(text).exists() else ("", Path(text).expanduser())


def _named_folder(text: str) -> tuple[str, Path]:
    name, folder = _named(text)
    if not folder.is_dir():
        raise InvalidOptionError(f'There is no folder "{folder}" with results.', "Write --results NAME=FOLDER.")
    return name or folder.name, folder


def _usable(methods: dict[str, MethodSpec]) -> tuple[dict[str, MethodSpec], list[Failure]]:
    """The methods that can run, and what keeps the others from it."""
    usable, failures = {}, []
    for name, spec in methods.items():
        try:
            spec.identity()
            spec.facts()
        except WeightsError as error:
            failures.append(_failure(name, error))
        else:
            usable[name] = spec
    return usable, failures


def _failure(name: str, error: SamelightError) -> Failure:
    return Failure(name, error.message, error.hint)
