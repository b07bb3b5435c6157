// Message passing: against a plain implementation in double precision, and gradients against differences.
#include "policy/native/graph_network.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.hpp"

namespace petrl {
namespace {

struct Sample {
  int nodes, slots;
  std::vector<int> source;
  std::vector<float> node, edge;
  Graph graph() const { return {nodes, nodes, slots, source.data()}; }
};

Sample makeSample(const GraphShape &shape, int nodes, int slots, unsigned seed) {
  std::mt19937 rng(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  Sample s{nodes, slots, {}, {}, {}};
  const auto n = static_cast<std::size_t>(nodes), edges = n * static_cast<std::size_t>(slots);
  for (std::size_t i = 0; i < edges; ++i) {
    const auto j = static_cast<int>(rng() % static_cast<unsigned>(nodes + 1));
    s.source.push_back(j < nodes ? j : -1);
  }
  s.node.resize(n * static_cast<std::size_t>(shape.node_inputs));
  s.edge.resize(edges * static_cast<std::size_t>(shape.edge_inputs));
  for (float &v : s.node) v = uniform(rng);
  for (float &v : s.edge) v = uniform(rng);
  return s;
}

GraphNetwork makeNetwork(const GraphShape &shape, unsigned seed) {
  GraphNetwork network(shape);
  std::mt19937 rng(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  network.initialise([&] { return uniform(rng); });
  for (float &w : network.weights()) w += static_cast<float>(.1 * (uniform(rng) - .5));
  return network;
}

double silu(double x) {
  return x / (1 + std::exp(-x));
}

/// The formulas of the header, one number at a time.
std::vector<double> plain(const GraphNetwork &net, const Sample &s) {
  const auto rows = [&](const std::string &name) {
    for (const auto &part : net.parts()) {
      if (part.name == name) return part;
    }
    throw std::logic_error(name);
  };
  using Table = std::vector<std::vector<double>>;
  const auto apply = [&](const Table &x, const std::string &name, Table y = {}) {
    const auto part = rows(name);
    const auto in = static_cast<std::size_t>(part.rows), out = static_cast<std::size_t>(part.columns);
    if (y.empty()) y.assign(x.size(), std::vector<double>(out, 0));
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t o = 0; o < out; ++o) {
        for (std::size_t k = 0; k < in; ++k) y[i][o] += x[i][k] * net.weights()[part.offset + k * out + o];
      }
    }
    return y;
  };
  const auto biased = [&](Table y, const std::string &name) { return apply(Table(y.size(), {1}), name, y); };
  const auto gate = [](Table y) {
    for (auto &row : y) {
      for (double &v : row) v = silu(v);
    }
    return y;
  };
  const auto n = static_cast<std::size_t>(s.nodes), slots = static_cast<std::size_t>(s.slots);
  const auto inputs = static_cast<std::size_t>(net.shape().node_inputs),
             edges = static_cast<std::size_t>(net.shape().edge_inputs);
  Table node(n);
  for (std::size_t i = 0; i < n; ++i)
    node[i].assign(s.node.begin() + static_cast<long>(i * inputs),
                   s.node.begin() + static_cast<long>((i + 1) * inputs));
  Table x =
      biased(apply(gate(biased(apply(node, "encoder0/weight"), "encoder0/bias")), "encoder1/weight"), "encoder1/bias");
  for (int l = 0; l < net.shape().layers; ++l) {
    const std::string name = "layer" + std::to_string(net.shape().shared ? 0 : l) + "/";
    const Table a = biased(apply(x, name + "receiver"), name + "message_bias"), b = apply(x, name + "sender");
    Table sum(n, std::vector<double>(a[0].size(), 0));
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < slots; ++k) {
        const int j = s.source[i * slots + k];
        if (j < 0) continue;
        const float *e = &s.edge[(i * slots + k) * edges];
        const Table c = apply({std::vector<double>(e, e + edges)}, name + "edge");
        for (std::size_t h = 0; h < sum[i].size(); ++h)
          sum[i][h] += silu(a[i][h] + b[static_cast<std::size_t>(j)][h] + c[0][h]);
      }
    }
    const Table q = gate(apply(sum, name + "sum", biased(apply(x, name + "node"), name + "node_bias")));
    x = biased(apply(q, name + "update", x), name + "update_bias");
  }
  const Table out =
      biased(apply(gate(biased(apply(x, "decoder0/weight"), "decoder0/bias")), "decoder1/weight"), "decoder1/bias");
  std::vector<double> flat;
  for (const auto &row : out) flat.insert(flat.end(), row.begin(), row.end());
  return flat;
}

TEST(GraphNetwork, InferenceAndForwardAgreeWithThePlainFormulas) {
  for (int hidden : {8, 16, 24, 32, 64}) {
    for (bool shared : {false, true}) {
      const GraphShape shape{5, 3, hidden, 3, 4, shared};
      const GraphNetwork net = makeNetwork(shape, 11);
      const Sample s = makeSample(shape, 211, 3, 5);
      const std::vector<double> expected = plain(net, s);
      std::vector<float> out(expected.size());
      net.evaluate(s.graph(), s.node.data(), s.edge.data(), out.data());
      GraphNetwork::Record record;
      net.forward(s.graph(), s.node.data(), s.edge.data(), record);
      for (std::size_t i = 0; i < out.size(); ++i) {
        EXPECT_NEAR(out[i], expected[i], 1e-4);
        EXPECT_NEAR(record.out[i], expected[i], 1e-4);
      }
    }
  }
}

TEST(GraphNetwork, GradientsAreThoseOfThePlainFormulas) {
  for (bool shared : {false, true}) {
    const GraphShape shape{4, 2, 8, 2, 3, shared};
    GraphNetwork net = makeNetwork(shape, 2);
    Sample s = makeSample(shape, 9, 3, 7);
    std::vector<float> up(27), gradient(net.size(), 0.f), node_gradient(s.node.size(), 0.f);
    for (std::size_t i = 0; i < up.size(); ++i) up[i] = static_cast<float>(std::sin(1. + static_cast<double>(i)));
    GraphNetwork::Record record;
    net.forward(s.graph(), s.node.data(), s.edge.data(), record);
    net.backward(s.graph(), s.node.data(), s.edge.data(), record, up.data(), gradient.data(), node_gradient.data());
    const auto objective = [&] {
      const std::vector<double> out = plain(net, s);
      double sum = 0;
      for (std::size_t i = 0; i < out.size(); ++i) sum += out[i] * up[i];
      return sum;
    };
    const auto check = [&](float &at, float found) {
      const float keep = at;
      at = keep + .01f;
      const double plus = objective(), up_to = at;
      at = keep - .01f;
      const double slope = (plus - objective()) / (up_to - static_cast<double>(at));
      at = keep;
      EXPECT_NEAR(found, slope, 2e-3 * (1 + std::fabs(slope)));
    };
    for (std::size_t i = 0; i < net.size(); i += 3) check(net.weights()[i], gradient[i]);
    for (std::size_t i = 0; i < s.node.size(); ++i) check(s.node[i], node_gradient[i]);
  }
}

TEST(GraphNetwork, RoundTripAndBadFilesAreRefused) {
  const GraphNetwork net = makeNetwork({5, 3, 16, 2, 4, false}, 1);
  NetworkSpec spec = net.spec();
  EXPECT_EQ(GraphNetwork(spec, "file").weights(), net.weights());
  const auto refusal = [](const NetworkSpec &bad) -> std::string {
    try {
      GraphNetwork network(bad, "file.h5");
    } catch (const Error &e) {
      return e.what();
    }
    return "";
  };
  NetworkSpec bad = spec;
  bad.parameters["hidden"] = "x";
  EXPECT_NE(refusal(bad).find("file.h5: /network/hidden: expected a whole number"), std::string::npos);
  bad = spec;
  bad.weights.erase("layer1/sum");
  EXPECT_NE(refusal(bad).find("/network/layer1/sum: missing"), std::string::npos);
  bad = spec;
  bad.weights["decoder1/weight"].shape = {3, 4};
  EXPECT_NE(refusal(bad).find("expected shape 16 x 4, found 3 x 4"), std::string::npos);
  bad = spec;
  bad.weights["extra"] = bad.weights["layer1/sum"];
  EXPECT_NE(refusal(bad).find("/network/extra: unknown weight"), std::string::npos);
}

}  // namespace
}  // namespace petrl
