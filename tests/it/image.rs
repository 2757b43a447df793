//! The image: what its recipe says is true of this repository, as far as can be seen without a
//! container.

use std::fs;
use std::path::Path;

fn text(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_recipe_names_what_cargo_makes_and_runs_as_the_chart_does() {
    let recipe = text("Dockerfile");
    let line = |word: &str| {
        let found = recipe.lines().filter_map(|line| line.strip_prefix(word)).next_back();
        found.unwrap_or_else(|| panic!("no line begins with `{word}`")).trim().to_owned()
    };
    let build = line("RUN ");
    let profile = build.split("--profile ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let program = build.split("--bin ").nth(1).unwrap().to_owned();
    let manifest = text("Cargo.toml");
    assert!(manifest.contains(&format!("[profile.{profile}]\n")), "{profile}");
    assert!(manifest.contains(&format!("[[bin]]\nname = \"{program}\"\n")), "{program}");
    let copied = line("COPY --from=build ");
    let (from, to) = copied.split_once(' ').unwrap();
    assert_eq!(from, format!("/build/target/{profile}/{program}"));
    assert_eq!(line("ENTRYPOINT "), format!("[\"{to}\"]"));
    let helm = recipe.lines().find(|it| it.contains(" go build ")).unwrap();
    let (built, package) = helm.split_once(" -o ").unwrap().1.split_once(' ').unwrap();
    assert!(text("tests/tools/go.mod").contains(&format!("\t{package}\n")), "{package}");
    assert_eq!(line("COPY --from=helm "), format!("{built} /usr/bin/helm"));
    let user = line("USER ");
    let names = text("charts/portcullis/templates/_names.tpl");
    let (user, group) = user.split_once(':').unwrap();
    assert!(names.contains(&format!("runAsUser: {user}\nrunAsGroup: {group}\n")), "{user}");
    let images = recipe.lines().filter_map(|line| line.strip_prefix("FROM "));
    for image in images {
        assert!(image.contains(':') && !image.contains(":latest"), "{image}");
    }
    let version = manifest.split("rust-version = \"").nth(1).unwrap().split('"').next().unwrap();
    assert!(recipe.contains(&format!("/rust:{version}-")), "{version}");
}
