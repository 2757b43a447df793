//! From a request to an answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::envelope::Request;
use super::respond::Response;
use super::{Answer, Malformed, Reviewed, Stage, Summary, Trace};
use crate::document::Value;
use crate::engine::{
    Budget, Decision, Engine, Facts, Ground, Identity, Namespaces, Operation, Outcome, Report,
    State, Status, Subject,
};

/// Answers one review. Pure: everything that a rule may need is in `facts`.
///
/// # Errors
///
/// The body is no AdmissionReview. Whatever happens to a rule is an answer, never an error.
pub fn review(
    engine: &Engine,
    facts: &Facts<'_>,
    stage: Stage,
    body: &[u8],
) -> Result<Reviewed, Malformed> {
    let request = Request::read(engine, stage, body)?;
    match stage {
        Stage::Validate => Ok(validate(engine, facts, request)),
        Stage::Mutate => Ok(mutate(engine, facts, request)),
        Stage::Policies => Err(Malformed("policies are not judged by policies".to_owned())),
    }
}

/// Answers the review of a part of the policy set itself, a policy or a waiver. `check` says what
/// is wrong with an object, each thing as a phrase; the request's namespace is that of a waiver.
///
/// # Errors
///
/// The body is no AdmissionReview.
pub fn own(
    digest: &Arc<str>,
    body: &[u8],
    check: impl FnOnce(&Value<'_>) -> Vec<String>,
) -> Result<Reviewed, Malformed> {
    let request = Request::read_whole(body)?;
    let wrong = request.object.as_ref().map(check).unwrap_or_default();
    let response = match wrong.is_empty() {
        true => Response::allowed(digest),
        false => Response::refused(digest, &wrong),
    };
    Ok(request.answered_by(digest, response, false))
}

/// What to answer when a review could not be judged in time, for `reason`: what the policies
/// that are about such an object say under `onError`.
///
/// # Errors
///
/// The body is no AdmissionReview.
pub fn overdue(
    engine: &Engine,
    facts: &Facts<'_>,
    stage: Stage,
    body: &[u8],
    reason: &str,
) -> Result<Reviewed, Malformed> {
    let request = Request::read_outside(body)?;
    let object = Value::NULL;
    let subject = request.subject(&object);
    let report = engine.unjudged(&subject, facts, reason);
    let response = match stage {
        Stage::Validate => Response::of(&Decision::of(&report), &report, Vec::new()),
        Stage::Mutate | Stage::Policies => Response::unchanged(&report),
    };
    Ok(request.answered(engine, response, true))
}

/// What is wrong with the object of a review, with what an update leaves as it was marked;
/// `None` if there is nothing to judge: no policy is about the kind, or there is no object.
///
/// # Errors
///
/// The body is no AdmissionReview.
pub fn report(
    engine: &Engine,
    facts: &Facts<'_>,
    body: &[u8],
) -> Result<Option<Report>, Malformed> {
    let request = Request::read(engine, Stage::Validate, body)?;
    Ok(judged(engine, facts, &request))
}

/// Which entries judge the object of a review, why the others don't, and what they say.
///
/// # Errors
///
/// The body is no AdmissionReview.
pub fn trace<'e>(
    engine: &'e Engine,
    facts: &Facts<'_>,
    body: &[u8],
) -> Result<Trace<'e>, Malformed> {
    let request = Request::read(engine, Stage::Validate, body)?;
    let null = Value::NULL;
    let deleted = request.old_object();
    let object = request.object.as_ref().or(deleted.as_ref()).unwrap_or(&null);
    let subject = request.subject(object);
    Ok(Trace {
        entries: engine.trace(&subject, facts),
        report: judged(engine, facts, &request),
        operation: subject.operation,
        user: request.user.name.clone(),
        subject: subject.identity,
    })
}

fn validate(engine: &Engine, facts: &Facts<'_>, request: Request<'_>) -> Reviewed {
    let Some(report) = judged(engine, facts, &request) else {
        return request.answered(engine, Response::allowed(engine.digest()), false);
    };
    let failed = failed(&report.outcomes);
    let decision = Decision::of(&report);
    let response = Response::of(&decision, &report, request.notices(facts, &decision));
    let early = request.is_early(facts, &report.outcomes)
        || (!decision.allowed() && request.misses_owner(engine, facts));
    let mut reviewed = request.answered(engine, response, !failed.is_empty());
    reviewed.early = early;
    reviewed.summary.failed = failed;
    reviewed
}

/// The rules that ended as an error.
fn failed(outcomes: &[Outcome]) -> Vec<&'static str> {
    let errors = outcomes.iter().filter(|outcome| outcome.status == Status::Error);
    errors.map(|outcome| outcome.rule).collect()
}

fn judged(engine: &Engine, facts: &Facts<'_>, request: &Request<'_>) -> Option<Report> {
    // What is deleted is judged as it was.
    let deleted = (request.operation == Some(Operation::Delete)).then(|| request.old_object());
    let object = request.object.as_ref().or(deleted.as_ref().and_then(Option::as_ref))?;
    let subject = request.subject(object);
    let mut report = engine.evaluate(&subject, facts, Budget::default());
    if request.operation == Some(Operation::Update) && !Decision::of(&report).allowed() {
        ratchet(engine, facts, request, &subject, &mut report);
    }
    Some(report)
}

/// Lets pass what was wrong before the update, so that an object older than a policy can still
/// be labelled, scaled and deleted.
fn ratchet(
    engine: &Engine,
    facts: &Facts<'_>,
    request: &Request<'_>,
    subject: &Subject<'_>,
    report: &mut Report,
) {
    if let Some(old) = request.old_object() {
        let before = engine.evaluate(&subject.with_object(&old), facts, Budget::default());
        report.mark_existing(&before);
    }
}

fn mutate(engine: &Engine, facts: &Facts<'_>, request: Request<'_>) -> Reviewed {
    let Some(object) = &request.object else {
        return request.answered(engine, Response::allowed(engine.digest()), false);
    };
    let changed = engine.changes(&request.subject(object), facts, Budget::default());
    let errors = !changed.outcomes.is_empty();
    let response = Response::changed(&changed, engine.digest());
    let early = request.is_early(facts, &changed.outcomes);
    let mut reviewed = request.answered(engine, response, errors);
    reviewed.early = early;
    reviewed.summary.failed = failed(&changed.outcomes);
    reviewed
}

impl Request<'_> {
    fn subject<'o>(&self, object: &'o Value<'o>) -> Subject<'o> {
        Subject {
            identity: self.identity(object).into(),
            object,
            operation: self.operation.unwrap_or(Operation::Create),
            subresource: given(&self.subresource),
            user: Some(Arc::clone(&self.user)),
            owner_seen: false,
            documents: None,
        }
    }

    /// The kind is the request's: the API server converts to it. Names are the object's where it
    /// has them: of a Namespace the request says that it lies in itself.
    fn identity(&self, object: &Value<'_>) -> Identity {
        let metadata =
            |key| object.at(&["metadata", key]).and_then(Value::as_str).map(str::to_owned);
        let outer = if self.is_namespace() { None } else { given(&self.namespace) };
        Identity {
            format: None,
            group: self.kind.group.to_string(),
            version: self.kind.version.to_string(),
            kind: self.kind.kind.to_string(),
            namespace: metadata("namespace").or(outer),
            name: metadata("name").or_else(|| given(&self.name)).unwrap_or_default(),
            generate_name: metadata("generateName"),
            uid: metadata("uid"),
        }
    }

    /// What whoever asks is told of waivers that end soon. A controller is not told: it only makes
    /// what somebody asked for.
    fn notices(&self, facts: &Facts<'_>, decision: &Decision<'_>) -> Vec<String> {
        let waived = decision.audited.iter().filter_map(|ground| match ground {
            Ground::Finding(finding) if finding.state == State::Waived => finding.waiver.as_ref(),
            _ => None,
        });
        let notices: BTreeSet<String> =
            waived.filter_map(|waiver| waiver.notice(facts.now?)).collect();
        let of_controller = || {
            self.object.as_ref().is_some_and(|object| self.subject(object).controller().is_some())
        };
        if notices.is_empty() || of_controller() {
            return Vec::new();
        }
        notices.into_iter().collect()
    }

    fn is_namespace(&self) -> bool {
        self.kind.group.is_empty() && self.kind.kind == "Namespace"
    }

    /// See [`Reviewed::early`]. Of a Namespace nobody hears before the answer.
    fn is_early(&self, facts: &Facts<'_>, outcomes: &[Outcome]) -> bool {
        let unheard = |known: &Namespaces| !known.labels.contains_key(&*self.namespace);
        !self.namespace.is_empty()
            && !self.is_namespace()
            && outcomes.iter().any(|outcome| outcome.status == Status::Skip)
            && facts.namespaces.is_some_and(unheard)
    }

    /// Whether a waiver of what owns the object may be one of which nobody has heard yet.
    fn misses_owner(&self, engine: &Engine, facts: &Facts<'_>) -> bool {
        let misses = |object| engine.misses_owner(&self.subject(object), facts);
        self.object.as_ref().is_some_and(misses)
    }

    fn answered(self, engine: &Engine, response: Response, errors: bool) -> Reviewed {
        self.answered_by(engine.digest(), response, errors)
    }

    fn answered_by(self, digest: &Arc<str>, response: Response, errors: bool) -> Reviewed {
        let answer = match (errors, response.is_allowed(), response.warns()) {
            (true, ..) => Answer::Error,
            (_, false, _) => Answer::Deny,
            (_, true, true) => Answer::Warn,
            (_, true, false) => Answer::Allow,
        };
        Reviewed {
            allowed: response.is_allowed(),
            early: false,
            body: response.write(&self.uid),
            summary: Summary {
                uid: self.uid.into_owned(),
                kind: self.kind.kind.into_owned(),
                namespace: self.namespace.into_owned(),
                name: self.name.into_owned(),
                operation: self.operation.unwrap_or(Operation::Create),
                answer,
                policy_set: Arc::clone(digest),
                failed: Vec::new(),
            },
        }
    }
}

/// An empty text of an AdmissionReview stands for none.
fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
