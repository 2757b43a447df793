//! How a rule is declared, configured and run.

use schemars::Schema as JsonSchema;
use serde::de::DeserializeOwned;

use super::observe::Observer;
use super::{Category, Context, FieldStep, Kinds, PodKinds, Severity};
use crate::document::{Field, Path, Step, TypeError, Value};

/// A rule before a policy configures it. Declare one with [`declare_rule!`](crate::declare_rule).
#[derive(Debug)]
pub struct Rule {
    /// Names the pattern that it finds, in kebab-case.
    pub id: &'static str,
    pub category: Category,
    /// The severity of its findings where a policy says none.
    pub severity: Severity,
    /// The version of Portcullis that first had it.
    pub since: &'static str,
    /// The kinds that it can judge, as a scope writes them.
    pub kinds: &'static [&'static str],
    /// The page: what it flags, why, its parameters, examples that are run as tests.
    pub doc: &'static str,
    pub file: &'static str,
    /// The JSON Schema of its parameters.
    pub parameters: fn() -> JsonSchema,
    /// Reads the parameters and makes it ready to run.
    pub configure: fn(&Value<'_>) -> Result<Box<dyn Check>, ParameterError>,
}

/// Parameters of a rule, as a type.
pub trait Configure: Check + Sized + 'static {
    /// What a policy writes under `params`.
    type Parameters: DeserializeOwned + schemars::JsonSchema;

    /// Makes the check, or says which parameter it can't accept.
    fn configure(parameters: Self::Parameters) -> Result<Self, ParameterError>;
}

/// A rule that is configured and ready to run.
pub trait Check: Send + Sync {
    /// Judges the subject and leaves findings in the context.
    ///
    /// # Errors
    ///
    /// A fact that the rule needs and nobody knows. What it reported until then is dropped.
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing>;

    /// Which kinds the rule wants to know of besides the subject; `judged` are those that it
    /// judges.
    fn observes(&self, _judged: &Kinds) -> Kinds {
        Kinds::default()
    }

    /// Notes what the rule wants to know of an object of those kinds.
    fn observe<'s>(&'s self, _object: &mut Observer<'s>) {}

    /// Which fields it judges by whether they are there, from the root of a kind that keeps its
    /// pod template at `template`, if it has one.
    fn judges_presence_of<'p>(&'p self, _template: Option<&[&'p str]>) -> Vec<Vec<FieldStep<'p>>> {
        Vec::new()
    }

    /// What it puts into those fields where they are absent, if it fills them.
    fn fills(&self) -> Option<&Value<'static>> {
        None
    }

    /// What is wrong with the rule for these kinds, found when a policy is loaded.
    fn flaw(&self, _kinds: &Kinds, _pods: &PodKinds) -> Option<String> {
        None
    }
}

/// A fact that a rule needs and the door does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing(pub &'static str);

/// A parameter that a rule can't accept. Found when a policy is loaded, never when a subject is
/// judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParameterError {
    /// Where, below `params`.
    pub path: Path,
    /// What is wrong, starting with the parameter: ``parameter `labels` must be a list``.
    pub message: String,
    pub help: Option<String>,
}

impl ParameterError {
    /// Something wrong with one parameter: ``parameter `NAME` PROBLEM``.
    pub fn new(name: &str, problem: impl std::fmt::Display) -> Self {
        Self {
            path: Path { steps: vec![name.into()] },
            message: format!("parameter `{name}` {problem}"),
            help: None,
        }
    }
}

impl From<TypeError> for ParameterError {
    fn from(error: TypeError) -> Self {
        let TypeError { message, mut path, field } = error;
        let parameter = path.steps.first().map(|step| match step {
            Step::Key(key) => key.to_string(),
            Step::Index(index) => index.to_string(),
        });
        let message = match (&parameter, &field) {
            (Some(parameter), _) => format!("parameter `{parameter}`: {message}"),
            (None, Some(Field::Unknown { name, .. })) => format!("there is no parameter `{name}`"),
            (None, Some(Field::Missing(name))) => format!("parameter `{name}` is missing"),
            (None, None) => format!("parameters: {message}"),
        };
        let mut help = None;
        if let Some(Field::Unknown { name, known }) = field {
            let near = super::nearest(&name, known.iter().copied());
            help = near.map(|near| format!("did you mean `{near}`?"));
            path.steps.push(Step::Key(name.into()));
        }
        Self { path, message, help }
    }
}

/// Reads `params` into the rule's own type and configures it. [`declare_rule!`] calls it.
///
/// [`declare_rule!`]: crate::declare_rule
pub fn configure<C: Configure>(params: &Value<'_>) -> Result<Box<dyn Check>, ParameterError> {
    let parameters = crate::document::from_value(params).map_err(ParameterError::from)?;
    Ok(Box::new(C::configure(parameters)?))
}

/// The JSON Schema of a rule's parameters. [`declare_rule!`] calls it.
///
/// [`declare_rule!`]: crate::declare_rule
pub fn parameters<C: Configure>() -> JsonSchema {
    schemars::generate::SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<C::Parameters>()
}

/// Declares a [`Rule`]. Its doc comment is its page, its `explain` text and its web page.
#[macro_export]
macro_rules! declare_rule {
    (
        $(#[doc = $doc:expr])+
        $vis:vis static $name:ident = {
            id: $id:literal,
            category: $category:ident,
            severity: $severity:ident,
            since: $since:literal,
            kinds: $kinds:expr,
            check: $check:ty $(,)?
        }
    ) => {
        $(#[doc = $doc])+
        $vis static $name: $crate::engine::Rule = $crate::engine::Rule {
            id: $id,
            category: $crate::engine::Category::$category,
            severity: $crate::engine::Severity::$severity,
            since: $since,
            kinds: $kinds,
            doc: concat!($($doc, "\n"),+),
            file: file!(),
            parameters: $crate::engine::rule::parameters::<$check>,
            configure: $crate::engine::rule::configure::<$check>,
        };
    };
}

impl Rule {
    /// The first line of the page: what the rule flags.
    pub fn summary(&self) -> &'static str {
        self.doc.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
    }
}
