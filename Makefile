# `make run` and `make test` do all the set-up on a machine that has Rust and a C compiler.

CARGO ?= cargo
BINARY := target/release/portcullis

.PHONY: run build test check deny bench load clean

# Serves the shipped policies on 127.0.0.1:8443 and prints a curl line to try.
run: build
	$(BINARY) serve

build:
	$(CARGO) build --release --locked

# Everything that must pass: format, lints, the core alone, all tests.
test: check
	$(CARGO) test --locked
	$(CARGO) run --locked --quiet -- test policies

check:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- --deny warnings
	$(CARGO) clippy --locked --lib --no-default-features -- --deny warnings

# Licences, sources and versions of what we depend on, by `cargo install cargo-deny`. The
# advisories come over the network.
deny:
	$(CARGO) deny check

bench:
	$(CARGO) bench --locked

# The admission door against a server of the same stack that answers a constant.
load:
	$(CARGO) bench --locked --bench load

clean:
	$(CARGO) clean
