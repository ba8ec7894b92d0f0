// A lab with a journal before it: what the journal has is not done again. A strategy that decides
// by what it was told comes by itself to where it was.
#pragma once

#include "lab/tune/journal.h"
#include "lab/tune/trial_lab.h"

namespace redline::lab {

class JournaledLab : public TrialLab {
 public:
  // Both outlive it.
  JournaledLab(TrialLab& lab, Journal& journal) : lab_(lab), journal_(journal) {}

  Result<Checked> Check(const TuneConfiguration& configuration) override {
    return lab_.Check(configuration);
  }
  Result<std::optional<Forecast>> Predict(const TuneConfiguration& configuration) override {
    return lab_.Predict(configuration);
  }
  Result<TrialRun> Measure(const TuneConfiguration& configuration, const RunOrder& order) override;
  Result<GuardRun> Answer(const TuneConfiguration& configuration) override;
  double StartSeconds(const TuneConfiguration& configuration) const override {
    return lab_.StartSeconds(configuration);
  }

 private:
  TrialLab& lab_;
  Journal& journal_;
};

}  // namespace redline::lab
