# `make run` and `make test` do all the set-up on a machine that has Rust, a C compiler and, for the
# tests, Go.

CARGO ?= cargo
GO ?= go
BINARY := target/release/portcullis
TOOLS := target/tools
CONTROL_PLANE := target/controlplane
# Who installs programs, where it is not root.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
KUBERNETES := v1.36.3

.PHONY: run build test show soak packages programs tools control-plane check deny bench bench-lint \
	bench-cluster bench-hooks load fuzz clean

# Serves the shipped policies on 127.0.0.1:8443 and prints a curl line to try.
run: build
	$(BINARY) serve

build:
	$(CARGO) build --release --locked

# Everything that must pass: format, lints, the core alone, all tests.
test: check packages tools control-plane
	$(CARGO) test --locked
	$(CARGO) run --locked --quiet -- test policies --coverage --fail-under 100

# From a hook to a page: an image is pushed to a registry, a webhook is called, and a browser shows
# the verdict.
show: packages
	$(CARGO) test --locked --test it -- --nocapture artefact::shown
	@ls target/tmp/shown/*.png

# The artefact door through a thousand deaths of its process, with each database.
soak: packages
	PORTCULLIS_SOAK_KILLS=1000 $(CARGO) test --locked --test it -- --nocapture artefact::kill

# Helm and kustomize for the tests, of the versions in `tests/tools`: three minutes the first time.
tools: $(TOOLS)/helm

$(TOOLS)/helm: tests/tools/go.mod tests/tools/go.sum
	mkdir -p $(TOOLS)
	cd tests/tools && $(GO) build -buildvcs=false -ldflags "-s -w" -o $(CURDIR)/$(TOOLS)/ tool
	touch $@

# What the tests need of the machine: a PostgreSQL, a registry and its clients, a browser, the tools
# of Python, npm, Ansible and RPM. Python's go into a folder of their own.
packages: $(TOOLS)/python/bin/ansible-galaxy

$(TOOLS)/python/bin/ansible-galaxy: tests/tools/requirements.txt | programs
	python3 -m venv $(TOOLS)/python
	$(TOOLS)/python/bin/pip install --quiet --requirement $<
	touch $@

# Each with the package of Debian's that has it, which is installed if it is not there.
PROGRAMS := ar:binutils chromium:chromium docker-registry:docker-registry npm:npm \
	/usr/lib/postgresql/*/bin/initdb:postgresql rpmbuild:rpm skopeo:skopeo xz:xz-utils zstd:zstd

programs:
	@set -e; missing=$$(for it in $(PROGRAMS); do which $${it%:*} > /dev/null || echo $${it#*:}; done; \
		python3 -c 'import ensurepip' 2> /dev/null || echo python3-venv); \
	test -z "$$missing" || { \
		$(SUDO) apt-get update --quiet && \
		$(SUDO) apt-get install --yes --no-install-recommends $$missing; }

# etcd, kube-apiserver, kube-controller-manager, kubectl and kwok for the end-to-end tests: six
# minutes the first time. What the folder of `KUBEBUILDER_ASSETS` holds is not built.
control-plane: $(foreach program,kube-apiserver kube-controller-manager kubectl etcd kwok,\
	$(if $(and $(KUBEBUILDER_ASSETS),$(wildcard $(KUBEBUILDER_ASSETS)/$(program))),,\
	$(CONTROL_PLANE)/$(program)))

# kubectl refuses to parse the version of a server that was built without a stamp.
STAMP := -X k8s.io/component-base/version.gitVersion=$(KUBERNETES) \
	-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36

$(CONTROL_PLANE)/kube%: tests/controlplane/kubernetes/go.mod tests/controlplane/kubernetes/go.sum
	mkdir -p $(CONTROL_PLANE)
	cd $(<D) && $(GO) build -buildvcs=false -ldflags "-s -w $(STAMP)" -o $(CURDIR)/$@ \
		k8s.io/kubernetes/cmd/$(@F)
	touch $@

# The module's command is named `server`.
$(CONTROL_PLANE)/etcd: tests/controlplane/etcd/go.mod tests/controlplane/etcd/go.sum
	mkdir -p $(CONTROL_PLANE)
	cd $(<D) && $(GO) build -buildvcs=false -ldflags "-s -w" -o $(CURDIR)/$@ go.etcd.io/etcd/server/v3
	touch $@

$(CONTROL_PLANE)/kwok: tests/controlplane/kwok/go.mod tests/controlplane/kwok/go.sum
	mkdir -p $(CONTROL_PLANE)
	cd $(<D) && $(GO) build -buildvcs=false -ldflags "-s -w" -o $(CURDIR)/$(@D)/ tool
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

# What a webhook adds to the creation of a pod, against a null webhook and native policies.
bench-cluster: control-plane
	$(CARGO) bench --locked --profile dist --bench cluster

# How fast hooks are kept, against bare inserts into the same kind of file.
bench-hooks:
	$(CARGO) bench --locked --bench hooks

# The admission door against a server of the same stack that answers a constant.
load:
	$(CARGO) bench --locked --profile dist --bench load

# What parses, given what nobody wrote, with a nightly toolchain: a minute for each target.
FUZZ := yaml json lint review policies names inspect
FUZZ_SECONDS ?= 60

fuzz: $(addprefix fuzz-,$(FUZZ))

fuzz-%: $(TOOLS)/fuzz/bin/cargo-fuzz
	mkdir -p target/fuzz/corpus/$*
	PATH=$(CURDIR)/$(<D):$$PATH $(CARGO) +nightly fuzz run --target-dir target/fuzz $* \
		target/fuzz/corpus/$* tests/fixtures policies -- -max_total_time=$(FUZZ_SECONDS)

$(TOOLS)/fuzz/bin/cargo-fuzz:
	$(CARGO) install cargo-fuzz --version 0.13.2 --locked --root $(TOOLS)/fuzz

clean:
	$(CARGO) clean
