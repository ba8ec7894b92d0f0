//! How much white space may stand between the tokens of a JSON text.
//!
//! JSON allows any amount, and a model that goes on writing blanks writes them until it runs out of
//! tokens. llguidance cannot count them: it reads runs of white space one after the other, however
//! short a grammar says one is. So they are counted here, and where the text has had its share the
//! tokens that begin with more are taken out of the mask.

/// What a line break and indentation need: four blanks per level, and an empty line at the top.
const BLANKS_PER_LEVEL: usize = 4;
const BLANKS_OF_A_BREAK: usize = 2;

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// The tokens that begin with white space.
pub struct BlankTokens {
    /// How many blanks one begins with, and its id: those with the most come first.
    tokens: Vec<(usize, u32)>,
}

impl BlankTokens {
    pub fn new(words: &[Vec<u8>]) -> Self {
        let blanks_of = |word: &[u8]| word.iter().take_while(|byte| is_blank(**byte)).count();
        let counted = words.iter().map(|word| blanks_of(word)).zip(0u32..);
        let mut tokens: Vec<_> = counted.filter(|(blanks, _)| *blanks > 0).collect();
        tokens.sort_unstable_by(|left, right| right.cmp(left));
        BlankTokens { tokens }
    }

    fn with_more_than(&self, limit: usize) -> impl Iterator<Item = u32> + '_ {
        let longest_first = self.tokens.iter();
        longest_first
            .take_while(move |(blanks, _)| *blanks > limit)
            .map(|(_, id)| *id)
    }
}

/// Where in a JSON text one is. What is read was allowed by a grammar: it is on its way to JSON.
#[derive(Clone, Default)]
pub struct JsonPlace {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// White space that was read last, outside strings.
    blanks: usize,
}

impl JsonPlace {
    pub fn advance(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.advance_byte(*byte);
        }
    }

    fn advance_byte(&mut self, byte: u8) {
        if self.in_string {
            self.in_string = self.escaped || byte != b'"';
            self.escaped = !self.escaped && byte == b'\\';
            return;
        }
        self.blanks = if is_blank(byte) { self.blanks + 1 } else { 0 };
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    /// Clears the tokens that begin with more white space than may still come.
    pub fn limit_blanks(&self, tokens: &BlankTokens, mask: &mut [u32]) {
        if self.in_string {
            return;
        }
        let limit = BLANKS_OF_A_BREAK + BLANKS_PER_LEVEL * self.depth;
        let left = limit.saturating_sub(self.blanks);
        for id in tokens.with_more_than(left) {
            if let Some(word) = mask.get_mut(id as usize / 32) {
                *word &= !(1 << (id % 32));
            }
        }
    }
}
