SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PACKAGES := $(shell sed 's/\#.*//' Packages.txt)
LIBRARIES := TensorCore Autograd GradientTesting SpectralClustering Formats Features Networks Statistics Attribution Figures Clew
FORMATTED := Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources Examples/Package.swift Examples/Sources
# Outside the checkout: the peers weigh more than a gigabyte, and outlive any one clone.
PEERS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/clew-peers

.PHONY: help demo test check lint docs bench compare study shortcuts examples format setup clean

help: ## what there is
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

demo: setup ## build, and trace a generated tissue whose answer is known, into clew-demo/
	swift build -c release --product clew
	.build/release/clew trace --demo --output clew-demo

test: setup ## run all tests (in release: debug is 35 to 130 times slower)
	swift test -c release

# `swift test list` builds what `swift test` builds, with the same flags; `swift build --build-tests` would build it again.
check: setup lint ## formatting, warnings as errors, documentation
	CLEW_STRICT=1 swift test list -c release >/dev/null
	CLEW_STRICT=1 $(MAKE) --no-print-directory docs

lint:
	swift format lint --strict --recursive --parallel $(FORMATTED)

# In debug, which has a folder of its own: in release it would replace what the tests have built, and they its.
docs: ## the documentation of every library; a warning is an error
	swift package generate-documentation $(LIBRARIES:%=--target %) --warnings-as-errors

bench: setup ## measure Clew alone (make bench FILTER=ncut)
	swift run --package-path Benchmarks -c release clew-bench $(if $(FILTER),--filter $(FILTER))

compare: setup $(PEERS)/ready ## measure Clew beside the tools used today, in one run (make compare FILTER=ncut UPDATE=1)
	swift build --package-path Benchmarks -c release
	$(PEERS)/bin/python Benchmarks/compare.py $(if $(FILTER),--filter $(FILTER)) $(if $(UPDATE),--update)

study: setup ## measure which ranking finds planted channels, and write Documentation/Ranking.md
	swift run --package-path Benchmarks -c release ranking-study --output Documentation/Ranking.md

shortcuts: setup ## measure how often ablation finds planted shortcuts, and write Documentation/Shortcuts.md
	swift run --package-path Benchmarks -c release shortcut-study --output Documentation/Shortcuts.md

$(PEERS)/ready: Benchmarks/peers/requirements.txt
	python3 -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --requirement $<
	touch $@

examples: setup ## build and run every example
	swift build --package-path Examples -c release
	for example in Examples/Sources/*/; do \
	  name=$$(basename "$$example"); echo "— $$name"; \
	  "$$(swift build --package-path Examples -c release --show-bin-path)/$$name"; \
	done

format: ## format every Swift file in place
	swift format --in-place --recursive --parallel $(FORMATTED)

setup: ## install the packages of Packages.txt, if any is missing
	@command -v swift >/dev/null || { echo "swift is not installed: https://www.swift.org/install/linux" >&2; exit 1; }
	@command -v dpkg-query >/dev/null || { echo "Not a Debian system: see Packages.txt for what is needed" >&2; exit 0; }; \
	missing=(); \
	for package in $(PACKAGES); do \
	  if [ "$$package" = gnuplot-nox ] && command -v gnuplot >/dev/null; then continue; fi; \
	  status=$$(dpkg-query --show --showformat='$${db:Status-Status}' "$$package" 2>/dev/null || true); \
	  [ "$$status" = installed ] || missing+=("$$package"); \
	done; \
	if [ $${#missing[@]} -gt 0 ]; then \
	  echo "Installing $${missing[*]}"; \
	  root=(); if [ "$$(id -u)" != 0 ]; then root=(sudo); fi; \
	  "$${root[@]}" apt-get update; \
	  "$${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$${missing[@]}"; \
	fi

clean: ## remove everything that was built
	rm -rf .build Benchmarks/.build Examples/.build clew-demo
