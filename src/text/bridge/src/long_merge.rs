//! Byte-pair merging of very long pieces in linear time.
//!
//! `tokenizers` merges with a heap, whose cost per byte grows with the piece: a megabyte without a
//! space took 0.4 s. A merge can only enable merges of a higher rank (its product exists since its
//! rank), so here candidates wait in one bucket per rank and the buckets are emptied in order.
//! Within a rank the leftmost pair goes first. A vocabulary that breaks the rule is left to
//! `tokenizers`.

use ahash::AHashMap;
use serde::Deserialize;
use tokenizers::tokenizer::Model;
use tokenizers::ModelWrapper;

/// The "model" of a tokenizer.json, as far as merging depends on it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ModelJson {
    dropout: Option<f32>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    ignore_merges: bool,
    merges: Vec<MergeJson>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum MergeJson {
    Pair(String, String),
    Line(String),
}

impl MergeJson {
    fn parts(&self) -> Option<(&str, &str)> {
        match self {
            MergeJson::Pair(left, right) => Some((left, right)),
            MergeJson::Line(line) => line.split_once(' '),
        }
    }
}

pub struct LongMerge {
    ranks: AHashMap<(u32, u32), u32>,
    products: Vec<u32>, // by rank
    byte_ids: [u32; 256],
    ignore_merges: bool,
}

const NONE: u32 = u32::MAX;

struct Symbols {
    ids: Vec<u32>, // NONE: merged into its left neighbour
    previous: Vec<u32>,
    next: Vec<u32>,
}

impl Symbols {
    fn new(ids: Vec<u32>) -> Self {
        let count = ids.len() as u32;
        let previous = (0..count).map(|i| i.wrapping_sub(1)).collect(); // NONE before the first
        let next = (1..=count)
            .map(|i| if i < count { i } else { NONE })
            .collect();
        Symbols {
            ids,
            previous,
            next,
        }
    }

    /// The pair that starts at `left`, when there is one.
    fn pair(&self, left: u32) -> Option<(u32, u32)> {
        if left == NONE || self.ids[left as usize] == NONE {
            return None;
        }
        let right = self.next[left as usize];
        (right != NONE).then(|| (self.ids[left as usize], self.ids[right as usize]))
    }

    fn merge(&mut self, left: u32, product: u32) {
        let right = self.next[left as usize];
        let after = self.next[right as usize];
        self.ids[left as usize] = product;
        self.ids[right as usize] = NONE;
        self.next[left as usize] = after;
        if after != NONE {
            self.previous[after as usize] = left;
        }
    }
}

impl LongMerge {
    /// None when the model is not plain byte-level BPE.
    pub fn new(json: &ModelJson, model: &ModelWrapper, characters: &[char; 256]) -> Option<Self> {
        let is_set = |text: &Option<String>| text.as_ref().is_some_and(|t| !t.is_empty());
        if !matches!(model, ModelWrapper::BPE(_))
            || json.dropout.is_some()
            || is_set(&json.continuing_subword_prefix)
            || is_set(&json.end_of_word_suffix)
        {
            return None;
        }
        let mut byte_ids = [0; 256];
        for (byte, c) in characters.iter().enumerate() {
            byte_ids[byte] = model.token_to_id(c.encode_utf8(&mut [0; 4]))?;
        }
        let mut ranks = AHashMap::with_capacity(json.merges.len());
        let mut products = Vec::with_capacity(json.merges.len());
        for (rank, merge) in json.merges.iter().enumerate() {
            let (left, right) = merge.parts()?;
            let pair = (model.token_to_id(left)?, model.token_to_id(right)?);
            ranks.insert(pair, rank as u32);
            products.push(model.token_to_id(&format!("{left}{right}"))?);
        }
        Some(LongMerge {
            ranks,
            products,
            byte_ids,
            ignore_merges: json.ignore_merges,
        })
    }

    /// The ids of `piece`, or None when the vocabulary is not ordered as this needs. `mapped` is the
    /// piece in the vocabulary's characters.
    pub fn encode(&self, model: &ModelWrapper, piece: &str, mapped: &str) -> Option<Vec<u32>> {
        if self.ignore_merges {
            if let Some(id) = model.token_to_id(mapped) {
                return Some(vec![id]);
            }
        }
        let ids = piece
            .bytes()
            .map(|byte| self.byte_ids[byte as usize])
            .collect();
        let mut symbols = Symbols::new(ids);
        let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); self.products.len()];
        for left in 0..piece.len() as u32 {
            if let Some(rank) = self.rank_at(&symbols, left) {
                buckets[rank as usize].push(left);
            }
        }
        for rank in 0..buckets.len() {
            let mut lefts = std::mem::take(&mut buckets[rank]);
            lefts.sort_unstable();
            for left in lefts {
                self.merge_at(&mut symbols, left, rank as u32, &mut buckets)?;
            }
        }
        symbols.ids.retain(|id| *id != NONE);
        Some(symbols.ids)
    }

    fn rank_at(&self, symbols: &Symbols, left: u32) -> Option<u32> {
        self.ranks.get(&symbols.pair(left)?).copied()
    }

    /// Merges the pair at `left` if it still makes the product of `rank`, and queues what that
    /// enables. None: something of a lower rank became possible.
    fn merge_at(
        &self,
        symbols: &mut Symbols,
        left: u32,
        rank: u32,
        buckets: &mut [Vec<u32>],
    ) -> Option<()> {
        let product = self.products[rank as usize];
        let current = self
            .rank_at(symbols, left)
            .map(|rank| self.products[rank as usize]);
        if current != Some(product) {
            return Some(());
        }
        symbols.merge(left, product);
        for start in [symbols.previous[left as usize], left] {
            if let Some(enabled) = self.rank_at(symbols, start) {
                if enabled <= rank {
                    return None;
                }
                buckets[enabled as usize].push(start);
            }
        }
        Some(())
    }
}
