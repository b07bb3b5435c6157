#include "learn/tqc/state.hpp"

#include <cmath>

namespace petrl::learn {

static std::vector<int> chain(int in, std::vector<int> hidden, int out) {
  hidden.insert(hidden.begin(), in);
  hidden.push_back(out);
  return hidden;
}

TqcShapes::TqcShapes(const TqcConfig &config, int n_observations, int n_actions)
    : observations(n_observations),
      actions(n_actions),
      actor(1, chain(n_observations, config.actor_layers, n_actions)),
      critic(config.critics, chain(n_observations + n_actions, config.critic_layers, config.quantiles)),
      features(config.actor_layers.back()),
      log_std(actor.size),
      actor_size(actor.size + static_cast<std::size_t>(features) * static_cast<std::size_t>(padded(n_actions))) {}

TqcState::TqcState(const TqcConfig &config, const TqcShapes &shapes, Rng &rng)
    : actor(shapes.actor_size, 0.f), critic(shapes.critic.size), log_alpha(std::log(config.initial_temperature)) {
  initialise(shapes.actor, actor.data(), rng);
  for (int k = 0; k < shapes.features; ++k) {
    float *row = actor.data() + shapes.log_std + static_cast<std::size_t>(k * padded(shapes.actions));
    for (int a = 0; a < shapes.actions; ++a) row[a] = static_cast<float>(config.log_std_init);
  }
  initialise(shapes.critic, critic.data(), rng);
  target = critic;
  actor_adam = Adam(actor.size());
  critic_adam = Adam(critic.size());
}

void TqcState::archive(Archive &a) {
  a.sized("actor", actor);
  a.sized("critic", critic);
  a.sized("target", target);
  a("actor_adam", actor_adam);
  a("critic_adam", critic_adam);
  a("log_alpha", log_alpha);
  a("alpha_first", alpha_first);
  a("alpha_second", alpha_second);
  a("updates", updates);
}

void TqcLosses::archive(Archive &a) {
  a("critic", critic);
  a("actor", actor);
  a("temperature", temperature);
  a("log_prob", log_prob);
  a("mean_q", mean_q);
}

}  // namespace petrl::learn
