# The index of commands: `just` lists them. None is needed, `cargo` and the scripts do the work.

_default:
    @just --list --unsorted

# Everything CI runs, in CI's order.
check:
    .ci/run

# The README's test command: every proof, small.
test *ARGS:
    cargo test --locked {{ARGS}}

# One test file of the map: rooms, imports, purity, page budget.
map:
    cargo test --locked --test architecture

# One story of LivePerson's side, in both formats: `just scenario half_list`.
scenario NAME:
    cargo test --locked --test it -- scenarios::{{NAME}}

# Format, then lint as CI does.
tidy:
    cargo fmt
    cargo clippy --locked --all-targets -- -D warnings

# Embedded simulator and bridge, nothing to configure.
demo *ARGS:
    cargo run --locked -- demo {{ARGS}}

# LivePerson's side alone, for a bridge in another terminal.
sim *ARGS:
    cargo run --locked -- simulate liveperson {{ARGS}}

# Rocket.Chat's admin side alone, to be moved to: with `just sim` both ends of config/move.toml.
target *ARGS:
    cargo run --locked -- simulate rocketchat {{ARGS}}

# Rocket.Chat's own clients and curl against running demos.
clients:
    tests/clients/run.sh

# An issue's full figures: bounded and resumable, before it is closed.
accept:
    for script in tests/acceptance/*.sh; do "$script" || exit; done

# Benchmarks beside their goals.
bench *ARGS:
    cargo bench --locked {{ARGS}}

# agent.next beside a handler of fixed bytes, in the same run.
bench-http:
    benches/http.sh

# Licences, bans, sources and, with a network, advisories.
deny:
    cargo deny check

# The API documentation, warnings refused.
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps
