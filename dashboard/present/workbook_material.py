"""What the live sheets of the workbook are made from: an answer, and what stands beside cells."""

from engine.api.decisions import Answer
from engine.api.reports import Given, Live, Valued
from engine.text import figures, labels, quantities, sources, workbook
from engine.text.i18n import Words


def live(answer: Answer, words: Words) -> Live:
    """The central case of an answer."""
    table, study = answer.question.assumptions, answer.study
    return Live(
        plan=answer.outlay.plan,
        table=table,
        given=_given(answer, workbook.in_yen(words)),
        outlay=answer.outlay,
        valued=None if study is None else Valued(curve=study.curve, study=study),
        labels=workbook.labels(words),
        units=workbook.units(words),
        sources={row.name: sources.source(row.source, words) for row in table.rows},
        japanese=words.language == "ja",
        jpy_per_usd=words.jpy_per_usd,
    )


def _given(answer: Answer, words: Words) -> tuple[Given, ...]:
    """What the sheets calculate with, but do not calculate; then what was promised."""
    plan, evidence = answer.outlay.plan, answer.decision.evidence
    law = words.say("The law fitted to {evidence} ({hash})", evidence=evidence.id,
                    hash=evidence.hash[:12])  # fmt: skip
    search = words.say("The search for the best plan")
    asked = words.say("The budget that was asked about")
    config = answer.decision.recommendation.config
    work = plan.workload

    def given(code: str, value: float | str, source: str, name: str | None = None) -> Given:
        said = figures.name(code, words) if name is None else name
        return Given(code=code, name=said, value=value, source=source)

    found = [
        given("compute_flops", work.compute_flops, search),
        given("model_size", work.model_size, search),
        given("iterations", work.iterations, search),
        given("batch_size", config.batch_size, search, words.say("People in a batch")),
        given("data_budget", work.data_budget, asked),
        given("predicted_loss", plan.loss.value, law),
    ]
    certificate = answer.certificate
    made = words.say("Estimated noise; not certified")
    if certificate is not None:
        made = words.say("Certificate by {accountant}", accountant=certificate.accountant)
    if plan.advantage is not None:
        found.append(given("attack_advantage", plan.advantage, made))
    if certificate is not None:
        unit = labels.unit(certificate.privacy_unit, words)
        found += [
            given(
                "epsilon", certificate.epsilon, made, quantities.label("epsilon_certified", words)
            ),
            given("delta", certificate.delta, made, words.say("Failure probability δ")),
            given("noise", certificate.noise_multiplier, made, words.say("Noise multiplier σ")),
            given("privacy_unit", unit, made, words.say("Who is protected")),
        ]
    return tuple(found)
