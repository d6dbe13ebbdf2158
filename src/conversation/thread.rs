//! The thread that owns the conversations, and the way to it.

use std::{sync::Arc, thread};

use tokio::sync::{mpsc, oneshot};

use super::{
    chats::{Chats, Parts},
    files::Files,
    open::OpenVisitors,
    refused::Refused,
};
use crate::ports::OpenRooms;

/// Operations that may wait for their turn; more wait in their senders.
const QUEUE: usize = 4_096;

/// Most operations of one group: each takes some ten microseconds, and nobody should wait for long
/// behind the others before the fsync begins.
const GROUP: usize = 512;

type Told = Box<dyn FnOnce(Result<(), String>) + Send>;
type Work = Box<dyn FnOnce(&mut Chats) -> Told + Send>;

enum Order {
    Do(Work),
    Stop,
}

/// The way to the conversations. Clones lead to the same.
#[derive(Clone)]
pub struct Conversations {
    orders: mpsc::Sender<Order>,
    open: Arc<OpenVisitors>,
    files: Arc<Files>,
}

impl std::fmt::Debug for Conversations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversations").finish_non_exhaustive()
    }
}

/// The running thread.
#[derive(Debug)]
pub struct Running {
    ended: oneshot::Receiver<()>,
    over: bool,
}

impl Running {
    /// Completes when the thread has ended: after [`Conversations::stop`], or because it broke. May
    /// be waited for again.
    pub async fn ended(&mut self) {
        if !self.over {
            // Whether it said goodbye or was torn off makes no difference.
            let _ = (&mut self.ended).await;
            self.over = true;
        }
    }
}

impl Conversations {
    /// Starts the thread over what is kept: open rooms are booked again with their agents.
    pub fn start(parts: Parts) -> std::io::Result<(Self, Running)> {
        let (orders, received) = mpsc::channel(QUEUE);
        let (end, ended) = oneshot::channel();
        let open = Arc::new(OpenVisitors::default());
        let files = Arc::clone(&parts.files);
        let mut chats = Chats::new(parts, Arc::clone(&open));
        thread::Builder::new()
            .name("conversations".to_owned())
            .spawn(move || {
                chats.start_again();
                chats.sweep_files();
                run(&mut chats, received);
                // The database is closed before anybody is told.
                drop(chats);
                let _ = end.send(());
            })?;
        let conversations = Self {
            orders,
            open,
            files,
        };
        Ok((conversations, Running { ended, over: false }))
    }

    /// Runs one operation and gives its outcome once what it changed survives kill -9 and power
    /// loss. Dropping the future does not undo it.
    pub async fn ask<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut Chats) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |chats| {
            let mut outcome = operation(chats);
            if let Err(error) = chats.end(outcome.is_ok()) {
                outcome = Err(error);
            }
            Box::new(move |settled| {
                let outcome = match settled {
                    Ok(()) => outcome,
                    Err(why) => Err(Refused::Unavailable(why)),
                };
                // Whoever asked may have gone.
                let _ = answer.send(outcome);
            })
        });
        let stopped = || Refused::Unavailable("lp2rc is stopping".to_owned());
        self.orders
            .send(Order::Do(work))
            .await
            .map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }

    /// Whether the visitor of a token has an open room; memory only.
    pub fn open_rooms(&self) -> Arc<dyn OpenRooms> {
        Arc::<OpenVisitors>::clone(&self.open)
    }

    /// The bytes of files.
    pub fn files(&self) -> Arc<Files> {
        Arc::clone(&self.files)
    }

    /// Lets the thread finish what is waiting and end.
    pub async fn stop(&self) {
        // Gone already is stopped too.
        let _ = self.orders.send(Order::Stop).await;
    }
}

fn run(chats: &mut Chats, mut orders: mpsc::Receiver<Order>) {
    let mut stopping = false;
    while !stopping {
        let Some(first) = orders.blocking_recv() else {
            return;
        };
        let mut told = Vec::new();
        let mut next = Some(first);
        while let Some(order) = next {
            match order {
                Order::Do(work) => told.push(work(chats)),
                Order::Stop => stopping = true,
            }
            next = if told.len() < GROUP {
                orders.try_recv().ok()
            } else {
                None
            };
        }
        let settled = chats.settle();
        if let Err(why) = &settled {
            tracing::error!("conversations could not be kept: {why}");
        }
        for tell in told {
            tell(settled.clone());
        }
    }
}
