//! What is said where something does not fit.

use std::fs;

use crate::install::Installed;

#[test]
fn the_package_takes_the_projects_module() {
    let installed = Installed::new();
    let said = installed.run(
        "import laureola, laureola.layers, sys\n\
         from laureola import _laureola\n\
         print(_laureola.__name__, sys.modules['laureola._laureola'] is _laureola, laureola.__version__)",
    );
    assert_eq!(said, format!("mysite._rust True {}\n", env!("CARGO_PKG_VERSION")));
    // The other way round, it says who it is as well.
    let said = installed.run("import mysite._rust, laureola; print(laureola._laureola.__name__)");
    assert_eq!(said, "mysite._rust\n");
}

#[test]
fn a_plugin_nobody_has_is_told_with_those_there_are() {
    let installed = Installed::new();
    let said = installed
        .python()
        .args(["-m", "laureola", "--plugin", "none", "a:b"])
        .output();
    let said = String::from_utf8(said.expect("an interpreter").stderr).expect("text");
    assert!(
        said.contains(r#"there is no plugin "none" in this command; there is: chat, room"#),
        "{said}"
    );
}

#[test]
fn a_second_module_in_a_process_is_refused() {
    let installed = Installed::new();
    let said = installed.run(
        "import sys, types\n\
         sys.modules['laureola._laureola'] = types.ModuleType('other')\n\
         import mysite._rust",
    );
    assert!(
        said.contains(
            "ImportError: mysite._rust cannot be laureola's compiled part: this process has other already"
        ),
        "{said}"
    );
}

#[test]
fn a_module_built_with_another_version_and_two_modules_are_refused() {
    let installed = Installed::new();
    installed.describe("laureola", "99.1.0", "");
    let said = installed.run("import laureola");
    assert!(
        said.contains("ImportError: mysite._rust was built with laureola-python"),
        "{said}"
    );
    installed.describe("second", "1", "[laureola.module]\nsecond = second._rust\n");
    let said = installed.run("import laureola");
    assert!(
        said.contains("here are several: mysite._rust, second._rust"),
        "{said}"
    );
}

#[test]
fn a_module_that_was_not_built_is_named() {
    let installed = Installed::new();
    fs::remove_file(installed.path("mysite/_rust.abi3.so")).expect("the link was there");
    let said = installed.run("import laureola");
    assert!(
        said.contains("there is no mysite._rust, which an installed project names"),
        "{said}"
    );
    installed.describe("mysite", "1", "[laureola.module]\nmysite = nosite.a._rust\n");
    let said = installed.run("import laureola");
    assert!(
        said.contains("there is no nosite, which an installed project names"),
        "{said}"
    );
}

#[test]
fn what_the_projects_package_misses_is_its_own_matter() {
    let installed = Installed::new();
    let package = installed.path("mysite/__init__.py");
    fs::remove_file(&package).expect("the link was there");
    fs::write(&package, "import mysite_settings.nothing\n").expect("a file");
    let said = installed.run("import laureola");
    assert!(
        said.ends_with("ModuleNotFoundError: No module named 'mysite_settings'\n"),
        "{said}"
    );
    assert!(!said.contains("compiled part"), "{said}");
}
