//! Conversations in memory whose documents the test can look at: what is gone must be gone there.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use lp2rc::{
    ports::{Documents, Edit, Look, Order, StoreError},
    state::MemoryDocuments,
};

use crate::{
    livechat_world::Livechat,
    server_world::{agent, config},
};

/// Documents that are shared with a running livechat face.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    table: Arc<MemoryDocuments>,
    is_broken: Arc<AtomicBool>,
}

impl Kept {
    /// A face over these documents, with `ada` and `bob` of `sales`.
    pub(crate) async fn face(&self, text: &str) -> Livechat {
        let agents = vec![agent("ada", &["sales"]), agent("bob", &["sales"])];
        Livechat::over(Box::new(self.clone()), text, agents, config()).await
    }

    /// Every document whose key has this text in it.
    pub(crate) fn with(&self, text: &str) -> BTreeMap<String, Vec<u8>> {
        let mut table = BTreeMap::new();
        self.table
            .walk("", "\u{10FFFF}", Order::Ascending, &mut |key, bytes| {
                if key.contains(text) {
                    table.insert(key.to_owned(), bytes.to_vec());
                }
                ControlFlow::Continue(())
            })
            .unwrap();
        table
    }

    /// Kinds of the documents that are there, and how many of each.
    pub(crate) fn kinds(&self) -> BTreeMap<String, usize> {
        let mut kinds = BTreeMap::new();
        for key in self.with("").keys() {
            let kind = key.split('/').next().unwrap();
            *kinds.entry(kind.to_owned()).or_default() += 1;
        }
        kinds
    }

    /// From now on nothing can be made durable.
    pub(crate) fn break_down(&self) {
        self.is_broken.store(true, Ordering::Relaxed);
    }

    /// Puts a document there behind the face's back.
    pub(crate) fn put(&self, key: &str, document: &str) {
        let edit = Edit {
            key: key.to_owned(),
            value: Some(document.as_bytes().to_vec()),
        };
        self.table.write(&[edit]).unwrap();
    }
}

impl Documents for Kept {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.table.get(key)
    }

    fn walk(
        &self,
        from: &str,
        to: &str,
        order: Order,
        look: &mut Look<'_>,
    ) -> Result<(), StoreError> {
        self.table.walk(from, to, order, look)
    }

    fn write(&self, edits: &[Edit]) -> Result<(), StoreError> {
        self.table.write(edits)
    }

    fn settle(&self) -> Result<(), StoreError> {
        if self.is_broken.load(Ordering::Relaxed) {
            return Err(StoreError::Damaged {
                what: "disk".to_owned(),
                why: "the test broke it".to_owned(),
            });
        }
        self.table.settle()
    }

    fn disk_bytes(&self) -> u64 {
        self.table.disk_bytes()
    }
}
