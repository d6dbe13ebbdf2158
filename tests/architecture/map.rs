//! The table of docs/ARCHITECTURE.md as a value: which rooms exist and who may import whom.

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    /// `sync` or `sync::merge`.
    pub(crate) name: String,
    /// Rooms it may import; `*` stands for every row above its own.
    may_import: Vec<String>,
    /// Whether it may touch anything but its arguments.
    pub(crate) io: bool,
}

/// All rows, in the order of the page. That order is the proof that there is no cycle.
#[derive(Debug)]
pub(crate) struct Map {
    pub(crate) rows: Vec<Row>,
}

impl Map {
    /// Reads the one table whose rows open with a backticked name.
    pub(crate) fn parse(page: &str) -> Result<Self, String> {
        let rows: Result<Vec<_>, _> = page
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(row)
            .collect();
        let map = Self { rows: rows? };
        let faults = map.faults();
        if map.rows.is_empty() {
            return Err("the page has no table of rooms".to_owned());
        }
        if faults.is_empty() {
            Ok(map)
        } else {
            Err(faults.join("\n"))
        }
    }

    /// The longest row that covers this module path: `sync::merge::cases` is in `sync::merge`.
    pub(crate) fn room_of(&self, module: &[String]) -> Option<&Row> {
        let path = module.join("::");
        self.rows
            .iter()
            .filter(|row| covers(&row.name, &path))
            .max_by_key(|row| row.name.len())
    }

    /// Whether code in `room` may say `crate::<path>`.
    pub(crate) fn allows(&self, room: &Row, path: &str) -> bool {
        if covers(&room.name, path) {
            return true;
        }
        room.may_import.iter().any(|may| {
            if may == "*" {
                let above = self.rows.iter().take_while(|row| row.name != room.name);
                above.into_iter().any(|row| covers(&row.name, path))
            } else {
                covers(may, path)
            }
        })
    }

    /// What is wrong with the table itself.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (place, room) in self.rows.iter().enumerate() {
            let above = &self.rows[..place];
            if above.iter().any(|other| other.name == room.name) {
                faults.push(format!("`{}` has two rows", room.name));
            }
            // A parent may use its sub-rooms without saying so: they are arrows too.
            if let Some(parent) = above.iter().find(|other| inside(&other.name, &room.name)) {
                faults.push(format!(
                    "`{}` must stand above `{}`",
                    room.name, parent.name
                ));
            }
            for to in room.may_import.iter().filter(|to| *to != "*") {
                match above.iter().find(|other| other.name == *to) {
                    None => faults.push(format!(
                        "`{}` points at `{to}`, which is not above it",
                        room.name
                    )),
                    Some(other) if other.io && !room.io => faults.push(format!(
                        "`{}` does no I/O, so it may not import `{to}`, which does",
                        room.name
                    )),
                    Some(_) => {}
                }
            }
            if !room.io && room.may_import.iter().any(|to| to == "*") {
                faults.push(format!("`{}` does no I/O, so `*` is too much", room.name));
            }
        }
        faults
    }
}

/// `path` is the room itself or a place inside it.
fn covers(room: &str, path: &str) -> bool {
    path == room || inside(room, path)
}

fn inside(room: &str, path: &str) -> bool {
    path.strip_prefix(room)
        .is_some_and(|rest| rest.starts_with("::"))
}

fn row(line: &str) -> Result<Row, String> {
    let cells: Vec<_> = line.trim().trim_matches('|').split('|').collect();
    let [name, may_import, io] = cells[..] else {
        return Err(format!("a row of the map has three cells: {line}"));
    };
    let io = match io.trim() {
        "yes" => true,
        "no" => false,
        other => return Err(format!("`may do I/O` is yes or no, not `{other}`: {line}")),
    };
    let names = |cell: &str| -> Vec<String> {
        cell.split(',')
            .map(|word| word.trim().trim_matches('`').to_owned())
            .filter(|word| !word.is_empty())
            .collect()
    };
    match &names(name)[..] {
        [name] => Ok(Row {
            name: name.clone(),
            may_import: names(may_import),
            io,
        }),
        _ => Err(format!("a row of the map names one room: {line}")),
    }
}
