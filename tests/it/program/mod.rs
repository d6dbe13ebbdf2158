//! The real program as a child process, and a simulated LivePerson beside it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use lp2rc::{
    ports::SystemClock,
    sim::liveperson::{SimConfig, Simulator},
};

/// Nothing on this machine takes so long; without it a hang would be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a finished run left.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Exit code; -1 for a signal.
    pub(crate) code: i32,
    /// Data.
    pub(crate) stdout: String,
    /// Talk.
    pub(crate) stderr: String,
}

/// Runs the program to its end.
pub(crate) fn run(args: &[&str]) -> Finished {
    run_with(args, &[])
}

/// Runs the program to its end with these settings from the environment.
pub(crate) fn run_with(args: &[&str], settings: &[(String, String)]) -> Finished {
    let output = command(args)
        .envs(settings.iter().cloned())
        .output()
        .unwrap();
    Finished {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lp2rc"));
    command.args(args).stdin(Stdio::null());
    // Settings of the person who runs the tests must not leak in.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LP2RC_")) {
        command.env_remove(name);
    }
    command
}

/// A program that keeps running; killed when dropped.
pub(crate) struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
    stderr: Arc<Mutex<String>>,
    /// Ends with the program's last word.
    listening: Option<std::thread::JoinHandle<()>>,
    /// `http://…` of the public API, once ready.
    pub(crate) api: String,
    /// `http://…` of the operators' listener, once ready.
    pub(crate) ops: String,
}

impl Running {
    /// Starts it without waiting for anything.
    pub(crate) fn spawn(args: &[&str]) -> Self {
        Self::spawn_with(args, &[])
    }

    /// Starts it with these settings from the environment.
    pub(crate) fn spawn_with(args: &[&str], settings: &[(String, String)]) -> Self {
        let mut child = command(args)
            .envs(settings.iter().cloned())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        let stderr = Arc::new(Mutex::new(String::new()));
        let (kept, mut from) = (Arc::clone(&stderr), child.stderr.take().unwrap());
        let listening = std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = from.read(&mut piece) {
                kept.lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&piece[..length]));
            }
        });
        Self {
            child,
            lines,
            stderr,
            listening: Some(listening),
            api: String::new(),
            ops: String::new(),
        }
    }

    /// Starts it and waits for its ready line.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut running = Self::spawn(args);
        running.wait_ready();
        running
    }

    /// Waits for the next line on stdout.
    pub(crate) fn line(&self) -> String {
        self.lines
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| panic!("not ready; stderr:\n{}", self.stderr()))
    }

    /// Waits for the one ready line on stdout.
    pub(crate) fn wait_ready(&mut self) {
        let line = self.line();
        self.take_ready(&line);
    }

    /// Waits until it is ready; `false` when it ended instead.
    pub(crate) fn is_ready_or_over(&mut self) -> bool {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                self.take_ready(&line);
                true
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => false,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                panic!("neither ready nor over; stderr:\n{}", self.stderr())
            }
        }
    }

    fn take_ready(&mut self, line: &str) {
        let value = |key: &str| {
            let word = line.split(' ').find_map(|word| word.strip_prefix(key));
            word.unwrap_or_else(|| panic!("no {key} in `{line}`"))
                .to_owned()
        };
        assert!(line.starts_with("ready "), "{line}");
        self.api = value("api=");
        self.ops = value("ops=");
    }

    /// What it said so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop and waits for its exit code.
    pub(crate) fn stop(mut self) -> (i32, String) {
        signal(self.child.id(), "TERM");
        self.end()
    }

    /// Whether it has ended by itself.
    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Kills it without warning.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for an end that comes by itself.
    pub(crate) fn wait(mut self) -> (i32, String) {
        self.end()
    }

    /// Its exit code and all it said: the last words may be read after it is gone.
    fn end(&mut self) -> (i32, String) {
        let status = self.child.wait().unwrap();
        self.listening.take().unwrap().join().unwrap();
        (status.code().unwrap_or(-1), self.stderr())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal by name.
pub(crate) fn signal(pid: u32, name: &str) {
    let done = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status()
        .unwrap();
    assert!(done.success());
}

/// A simulated LivePerson in this process, with a runtime of its own.
pub(crate) struct World {
    /// Speaks LivePerson's side.
    pub(crate) sim: Simulator,
    runtime: tokio::runtime::Runtime,
}

impl World {
    /// A world that moves only when told.
    pub(crate) fn of(agents: usize) -> Self {
        Self::with(SimConfig {
            agents,
            turnover: false,
            ..SimConfig::default()
        })
    }

    /// A world as configured, standing still.
    pub(crate) fn with(config: SimConfig) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let config = SimConfig {
            step_every: Duration::ZERO,
            ..config
        };
        let sim = runtime
            .block_on(Simulator::start(config, Arc::new(SystemClock::new())))
            .unwrap();
        Self { sim, runtime }
    }

    /// Switches LivePerson off.
    pub(crate) fn off(self) {
        self.runtime.block_on(self.sim.stop());
    }
}

/// A folder with a configuration for a world, and its state.
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    /// A configuration that reads `world`, with `more` TOML at its end.
    pub(crate) fn of(world: &World, more: &str) -> Self {
        Self::at(&world.sim.base_url(), &world.sim.addr().to_string(), more)
    }

    /// A configuration that reads whatever listens there.
    pub(crate) fn at(base_url: &str, host: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sim = SimConfig::default();
        let text = format!(
            "[liveperson]\naccount = \"{}\"\nusername = \"{}\"\npassword = \"{}\"\n\
             discovery_url = \"{base_url}\"\ntrusted_hosts = [\"{host}\"]\n\
             connect_timeout = \"2s\"\ntotal_timeout = \"5s\"\nbody_limit_mib = 32\n\
             [api]\nlisten = \"127.0.0.1:0\"\nrate_limit = false\n\
             [operations]\nlisten = \"127.0.0.1:0\"\n\
             [state]\ndir = \"{}\"\n{more}\n",
            sim.account,
            sim.username,
            sim.password,
            folder.path().join("state").display(),
        );
        std::fs::write(folder.path().join("lp2rc.toml"), text).unwrap();
        Self { folder }
    }

    /// Replaces a piece of the configuration.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let path = self.folder.path().join("lp2rc.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "no `{from}` in the configuration");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    /// The state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("lp2rc.toml")
    }

    /// Command line for a verb with this configuration.
    pub(crate) fn args(&self, verb: &[&str]) -> Vec<String> {
        let mut args: Vec<String> = verb.iter().map(|word| (*word).to_owned()).collect();
        args.push("--config".to_owned());
        args.push(self.config().display().to_string());
        args
    }

    /// Runs a verb with this configuration to its end.
    pub(crate) fn run(&self, verb: &[&str]) -> Finished {
        let args = self.args(verb);
        run(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Starts the daemon with this configuration and waits until it is ready.
    pub(crate) fn serve(&self) -> Running {
        let mut running = self.spawn_serve();
        running.wait_ready();
        running
    }

    /// Starts the daemon without waiting.
    pub(crate) fn spawn_serve(&self) -> Running {
        let args = self.args(&["serve"]);
        Running::spawn(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The admin token of the daemon that runs on this state.
    pub(crate) fn token(&self) -> String {
        std::fs::read_to_string(self.state().join("admin.token"))
            .unwrap()
            .trim()
            .to_owned()
    }
}

/// An answer, in full.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    /// HTTP status.
    pub(crate) status: u16,
    /// Body as text.
    pub(crate) body: String,
}

impl Got {
    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// One request over a fresh connection, HTTP/1.1, read to its end.
pub(crate) fn http(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Got {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let path = if path.is_empty() { "/" } else { path };
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let headers = headers.iter().fold(String::new(), |all, (key, value)| {
        all + key
            + ": "
            + value
            + "
"
    });
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Got {
        status,
        body: body.to_owned(),
    }
}

/// `GET url`.
pub(crate) fn get(url: &str) -> Got {
    http("GET", url, &[], "")
}
