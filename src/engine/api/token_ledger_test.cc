#include "engine/api/token_ledger.h"

#include <gtest/gtest.h>

namespace redline::engine {
namespace {

std::vector<TokenId> Ids(const std::vector<LedgerToken>& tokens) {
  std::vector<TokenId> ids;
  for (const LedgerToken& token : tokens) ids.push_back(token.token);
  return ids;
}

using Tokens = std::vector<TokenId>;

TEST(TokenLedger, GivesTokensWithTheirText) {
  TokenLedger ledger;
  ledger.Add(1, {}, 2, 2, false);
  ledger.Add(2, {}, 3, 1, false);
  ledger.Add(3, {}, 0, 0, false);  // no text of its own: goes with what is before it
  EXPECT_EQ(Ids(ledger.Take(1)), Tokens());
  EXPECT_EQ(Ids(ledger.Take(4)), Tokens({1}));
  EXPECT_EQ(Ids(ledger.Take(5)), Tokens({2, 3}));
  EXPECT_EQ(Ids(ledger.Take(5)), Tokens());
}

TEST(TokenLedger, AnIncompleteTokenWaitsForTheNextText) {
  TokenLedger ledger;
  ledger.Add(1, {}, 0, 0, true);
  ledger.Add(2, {}, 0, 0, false);  // behind an open one: keeps its place
  EXPECT_EQ(Ids(ledger.Take(100)), Tokens());
  ledger.Add(3, {}, 3, 1, false);
  EXPECT_EQ(Ids(ledger.Take(2)), Tokens());
  EXPECT_EQ(Ids(ledger.Take(3)), Tokens({1, 2, 3}));
  ledger.Add(4, {}, 0, 0, true);
  ledger.Close();
  EXPECT_EQ(Ids(ledger.Take(3)), Tokens({4}));
}

TEST(TokenLedger, OffsetsAreCodePoints) {
  TokenLedger ledger;
  ledger.Add(1, {}, 3, 1, false);
  ledger.Add(2, {}, 2, 2, false);
  ledger.Add(3, {}, 1, 1, false);
  const std::vector<LedgerToken> tokens = ledger.Take(6);
  EXPECT_EQ(tokens[1].text_offset, 1);
  EXPECT_EQ(tokens[2].text_offset, 3);
}

}  // namespace
}  // namespace redline::engine
