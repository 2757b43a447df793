# `make run` and `make test` do all the set-up on a machine that has Rust, a C compiler and, for the
# tests, Go.

CARGO ?= cargo
GO ?= go
BINARY := target/release/portcullis
TOOLS := target/tools

.PHONY: run build test tools check deny bench bench-lint load clean

# Serves the shipped policies on 127.0.0.1:8443 and prints a curl line to try.
run: build
	$(BINARY) serve

build:
	$(CARGO) build --release --locked

# Everything that must pass: format, lints, the core alone, all tests.
test: check tools
	$(CARGO) test --locked
	$(CARGO) run --locked --quiet -- test policies --coverage --fail-under 100

# Helm and kustomize for the tests, of the versions in `tests/tools`: three minutes the first time.
tools: $(TOOLS)/helm

$(TOOLS)/helm: tests/tools/go.mod tests/tools/go.sum
	mkdir -p $(TOOLS)
	cd tests/tools && $(GO) build -buildvcs=false -ldflags "-s -w" -o $(CURDIR)/$(TOOLS)/ tool
	touch $@

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

# Lint against the exact reader of YAML alone, on large files and on many small ones.
bench-lint:
	$(CARGO) bench --locked --bench lint

# The admission door against a server of the same stack that answers a constant.
load:
	$(CARGO) bench --locked --bench load

clean:
	$(CARGO) clean
