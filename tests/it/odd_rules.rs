//! Rules that do what no rule should, to see what the engine makes of it.

use portcullis::declare_rule;
use portcullis::document::Value;
use portcullis::engine::{
    Applicability, Check, Configure, Context, Fix, Missing, ParameterError, Rule,
};
use portcullis::rules;
use schemars::JsonSchema;
use serde::Deserialize;

/// These rules beside the real ones.
pub(crate) fn all() -> Vec<&'static Rule> {
    let odd = [&APPENDS, &BLIND, &FINDS, &GREEDY, &PANICS, &REPLACES, &RISKS];
    rules::ALL.iter().copied().chain(odd).collect()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// Makes a check without parameters from a function.
macro_rules! check {
    ($name:ident, fills: $fills:expr, $run:expr) => {
        struct $name {
            value: Value<'static>,
        }

        impl Configure for $name {
            type Parameters = Nothing;

            fn configure(_: Nothing) -> Result<Self, ParameterError> {
                Ok(Self { value: Value::text("x") })
            }
        }

        impl Check for $name {
            fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
                let run: fn(&'s Value<'static>, &mut Context<'s>) -> Result<(), Missing> = $run;
                run(&self.value, cx)
            }

            fn fills(&self) -> Option<&Value<'static>> {
                $fills.then_some(&self.value)
            }
        }
    };
}

declare_rule! {
    /// Flags every object, as a matter of security.
    static FINDS = {
        id: "odd-finds",
        category: Security,
        severity: High,
        since: "0.1.0",
        kinds: &["*"],
        check: Finds,
    }
}

check!(Finds, fills: false, |_, cx| {
    cx.report(cx.object(), "an object");
    Ok(())
});

declare_rule! {
    /// Flags an object, and panics with what is in it.
    static PANICS = {
        id: "odd-panics",
        category: Security,
        severity: High,
        since: "0.1.0",
        kinds: &["*"],
        check: Panics,
    }
}

check!(Panics, fills: false, |_, cx| {
    cx.report(cx.object(), "left behind");
    panic!("the object is {:?}", cx.object().value());
});

declare_rule! {
    /// Flags an object, and then looks at it for ever.
    static GREEDY = {
        id: "odd-greedy",
        category: Security,
        severity: High,
        since: "0.1.0",
        kinds: &["*"],
        check: Greedy,
    }
}

check!(Greedy, fills: false, |_, cx| {
    cx.report(cx.object(), "left behind");
    loop {
        let _ = cx.object().get("spec");
    }
});

declare_rule! {
    /// Flags an object, and then wants to know of the others.
    static BLIND = {
        id: "odd-blind",
        category: Security,
        severity: High,
        since: "0.1.0",
        kinds: &["*"],
        check: Blind,
    }
}

check!(Blind, fills: false, |_, cx| {
    cx.report(cx.object(), "left behind");
    cx.others("any").map(|_| ())
});

declare_rule! {
    /// Flags an object, and would append to a list for ever.
    static APPENDS = {
        id: "odd-appends",
        category: Convention,
        severity: Low,
        since: "0.1.0",
        kinds: &["*"],
        check: Appends,
    }
}

check!(Appends, fills: true, |value, cx| {
    let node = cx.object().at(&["metadata", "finalizers"]);
    let mut fix = Fix::set("append", Applicability::Safe, node, value);
    if node.exists() {
        fix = fix.map(|fix| Fix { patch: patch("add", "/metadata/finalizers/-"), ..fix });
    } else {
        fix = fix.map(|fix| Fix { patch: patch("add", "/metadata/finalizers"), ..fix });
    }
    cx.report(node, "one more is needed").fix(fix);
    Ok(())
});

declare_rule! {
    /// Flags an object, and would replace what it says.
    static REPLACES = {
        id: "odd-replaces",
        category: Convention,
        severity: Low,
        since: "0.1.0",
        kinds: &["*"],
        check: Replaces,
    }
}

check!(Replaces, fills: true, |value, cx| {
    let node = cx.object().at(&["spec", "a"]);
    for (operation, path) in [
        ("replace", "/spec/a"),
        ("add", "/spec/a"),
        ("remove", "/spec/a"),
        ("add", "/spec/list/0"),
        ("add", ""),
        ("add", "/nowhere/b"),
    ] {
        let fix = Fix::set("replace", Applicability::Safe, node, value);
        let fix = fix.map(|fix| Fix { patch: patch(operation, path), ..fix });
        cx.report(node, "something else must stand here").fix(fix);
    }
    Ok(())
});

declare_rule! {
    /// Flags an object, and knows a fix that a person must look at.
    static RISKS = {
        id: "odd-risks",
        category: Convention,
        severity: Low,
        since: "0.1.0",
        kinds: &["*"],
        check: Risks,
    }
}

check!(Risks, fills: true, |value, cx| {
    let node = cx.object().at(&["spec", "risky"]);
    let fix = Fix::set("set it", Applicability::Unsafe, node, value);
    cx.report(node, "not set").fix(fix);
    Ok(())
});

fn patch(operation: &str, path: &str) -> json_patch::Patch {
    let value = if path == "/metadata/finalizers" { "[\"x\"]" } else { "\"x\"" };
    let value = if operation == "remove" { String::new() } else { format!(", \"value\": {value}") };
    let text = format!("[{{\"op\": \"{operation}\", \"path\": \"{path}\"{value}}}]");
    serde_json::from_str(&text).unwrap()
}
