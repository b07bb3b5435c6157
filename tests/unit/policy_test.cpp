// Policy files: what is written is read, and whatever is wrong is refused in words that name file and key.
#include "policy/policy.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <limits>
#include <random>

#include "base/error.hpp"
#include "base/hdf5.hpp"
#include "policy/native/graph_network.hpp"
#include "policy/shared_policy.hpp"
#include "refine/refinement_policy.hpp"
#include "support/policies.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

Policy twoLayers() {
  Policy p = stepPolicySpecification({"error", "step_ratio", "speed"}, "error-ratio", 0.05, 2);
  p.observation.offset = {0.1f, -2.f, 3e-7f};
  p.observation.scale = {0.5f, 1e-6f, 1234.5f};
  p.network.parameters = {{"activation", "tanh"}, {"output", "hardtanh-tanh"}};
  std::mt19937 rng(1);
  std::normal_distribution<float> normal;
  const auto random = [&](std::vector<std::size_t> shape) {
    Tensor t{shape, {}};
    std::size_t n = 1;
    for (const auto e : shape) n *= e;
    for (std::size_t i = 0; i < n; ++i) t.data.push_back(normal(rng));
    return t;
  };
  p.network.weights = {{"layer0/weight", random({20, 3})},
                       {"layer0/bias", random({20})},
                       {"layer1/weight", random({1, 20})},
                       {"layer1/bias", random({1})}};
  p.provenance = {"seed: 7\n# \"quoted\", \xc3\xa9\nsteps: 10\n", 7, 123456789012345, "0.1.0", "PETSc", {}};
  p.provenance.evaluation = {{"score", -0.25}, {"cost", 1e300}};
  return p;
}

std::string bytesOf(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void writeBytes(const std::string &path, const std::string &bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// A temporary file that goes with its test.
struct File {
  explicit File(const std::string &name) : path(temporary(name)) {}
  ~File() { std::remove(path.c_str()); }
  std::string path;
};

}  // namespace

namespace {

GraphNetwork graphNetwork(const GraphShape &shape, unsigned seed) {
  GraphNetwork network(shape);
  std::mt19937 rng(seed);
  network.initialise([&] { return std::uniform_real_distribution<double>(0, 1)(rng); });
  return network;
}

Policy refiner() {
  return RefinementPolicy::specification(graphNetwork({3, 2, 8, 2, 2}, 1), {"change", "tendency", "roughness"},
                                         {"difference", "level"});
}

// The networks of the 1D benchmark: widths are given by what goes in and comes out.
Policy lamp() {
  Policy p = refiner();
  p.observation.names.clear();
  for (int i = 0; i < 29; ++i) p.observation.names.push_back("o" + std::to_string(i));
  p.observation.offset.assign(29, 0.f);
  p.observation.scale.assign(29, 1.f);
  p.action = {"split-and-coarsen", {0, 0}, {19, 19}, {{"count", "argmax"}, {"largest_trade_off", "0.5"}}};
  p.network = {};
  p.network.architecture = "lamp";
  p.network.parameters = {{"parameters", "true"}, {"ring", "true"}, {"residual", "false"}};
  addNetworkPart(p.network, "evolution", graphNetwork({29, 2, 8, 2, 25}, 1).spec());
  addNetworkPart(p.network, "policy", graphNetwork({30, 2, 6, 1, 44}, 2).spec());
  return p;
}

}  // namespace

TEST(PolicyFile, GraphNetworks) {
  const File file("graph.h5");
  Policy p = refiner();
  writePolicy(file.path, p);
  const Policy q = readPolicy(file.path, "refiner");
  EXPECT_EQ(q.network.parameters, p.network.parameters);
  for (const auto &[name, tensor] : p.network.weights) EXPECT_EQ(q.network.weights.at(name).data, tensor.data) << name;
  expectParts(describe(q), {"refiner", "gnn", "hidden = 8"});
  p.observation.names.pop_back(), p.observation.offset.pop_back(), p.observation.scale.pop_back();
  expectParts(messageOf([&] { validate(p, "f"); }), {"3 inputs", "expected 2"});
  Policy r = refiner();
  r.kind = "closure";
  expectParts(messageOf([&] { validate(r, "f"); }), {"f: "});
  r = refiner();
  r.network = twoLayers().network;
  expectParts(messageOf([&] { validate(r, "f"); }), {"architecture", "expected gnn or lamp", "found 'mlp'"});
}

TEST(PolicyFile, TwoGraphNetworks) {
  const File file("lamp.h5");
  Policy p = lamp();
  writePolicy(file.path, p);
  const Policy q = readPolicy(file.path);
  EXPECT_EQ(q.network.parameters, p.network.parameters);
  const GraphNetwork second(networkPart(q.network, "policy"), file.path);
  EXPECT_EQ(second.weights(), graphNetwork({30, 2, 6, 1, 44}, 2).weights());
  p.network.weights.erase("policy/decoder1/bias");
  expectParts(messageOf([&] { validate(p, "f"); }), {"decoder1/bias", "missing"});
}

TEST(PolicyFile, RoundTrip) {
  const File file("round.h5");
  const Policy p = twoLayers();
  writePolicy(file.path, p);
  const Policy q = readPolicy(file.path);
  EXPECT_EQ(p.kind, q.kind);
  EXPECT_EQ(p.observation.names, q.observation.names);
  EXPECT_EQ(p.observation.offset, q.observation.offset);
  EXPECT_EQ(p.observation.scale, q.observation.scale);
  EXPECT_EQ(p.observation.clip, q.observation.clip);
  EXPECT_EQ(p.action.transform, q.action.transform);
  EXPECT_EQ(p.action.low, q.action.low);
  EXPECT_EQ(p.action.high, q.action.high);
  EXPECT_EQ(p.network.architecture, q.network.architecture);
  EXPECT_EQ(p.network.parameters, q.network.parameters);
  ASSERT_EQ(p.network.weights.size(), q.network.weights.size());
  for (const auto &[name, tensor] : p.network.weights) {
    EXPECT_EQ(tensor.shape, q.network.weights.at(name).shape) << name;
    EXPECT_EQ(tensor.data, q.network.weights.at(name).data) << name;
  }
  EXPECT_EQ(p.provenance.config, q.provenance.config);
  EXPECT_EQ(p.provenance.seed, q.provenance.seed);
  EXPECT_EQ(p.provenance.steps, q.provenance.steps);
  EXPECT_EQ(p.provenance.version, q.provenance.version);
  EXPECT_EQ(p.provenance.evaluation, q.provenance.evaluation);
  expectParts(describe(q), {"tsadapt", "3-20-1", "speed", "score = -0.25", "steps: 10"});
  // The same file again from the same policy.
  const std::string first = bytesOf(file.path);
  writePolicy(file.path, q);
  EXPECT_EQ(first, bytesOf(file.path));
}

TEST(PolicyFile, EveryMistakeNamesFileAndKey) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  struct Mistake {
    std::function<void(Policy &)> make;
    std::vector<std::string> parts;
  };
  const std::vector<Mistake> mistakes = {
      {[](Policy &p) { p.kind = "tsadopt"; }, {"kind", "tsadapt", "tsadopt"}},
      {[](Policy &p) { p.observation.names.clear(); }, {"/observation/names"}},
      {[](Policy &p) { p.observation.names[1] = "error"; }, {"/observation/names", "'error'", "twice"}},
      {[](Policy &p) { p.observation.names[1].clear(); }, {"/observation/names", "empty"}},
      {[](Policy &p) { p.observation.offset.pop_back(); }, {"/observation/offset", "expected 3", "found 2"}},
      {[](Policy &p) { p.observation.scale.push_back(1); }, {"/observation/scale", "expected 3", "found 4"}},
      {[&](Policy &p) { p.observation.offset[2] = nan; }, {"/observation/offset", "value 2", "not finite"}},
      {[](Policy &p) { p.observation.scale[1] = 0; }, {"/observation/scale", "positive"}},
      {[](Policy &p) { p.observation.scale[1] = -1; }, {"/observation/scale", "positive", "-1"}},
      {[](Policy &p) { p.observation.clip = 0; }, {"/observation", "clip"}},
      {[&](Policy &p) { p.observation.clip = nan; }, {"/observation", "clip"}},
      {[](Policy &p) { p.action.low = {2}; }, {"/action", "low < high"}},
      {[](Policy &p) { p.action.low = {0}; }, {"/action/low", "positive"}},
      {[](Policy &p) { p.action.high.clear(); }, {"/action", "found 1 and 0"}},
      {[](Policy &p) { p.action.high = {INFINITY}; }, {"/action/high", "not finite"}},
      {[](Policy &p) {
         p.action.low = {1, 1}, p.action.high = {2, 2};
       },
       {"/action", "expected 1 actions (step)", "found 2"}},
      {[](Policy &p) { p.action.parameters["levers"] = "step jacobian"; },
       {"/action", "expected 2 actions (step, jacobian)", "found 1"}},
      {[](Policy &p) { p.action.parameters["by_rule"] = "jacobian"; }, {"/action", "by_rule", "found 'jacobian'"}},
      {[](Policy &p) { p.action.parameters["levers"] = "step speed"; }, {"/action", "levers", "found 'speed'"}},
      {[](Policy &p) { p.action.transform = "rato"; }, {"transform", "error-ratio", "'rato'"}},
      {[](Policy &p) { p.network.architecture = "cnn"; }, {"architecture", "mlp", "'cnn'"}},
      {[](Policy &p) { p.network.parameters.erase("output"); }, {"/network/output", "missing"}},
      {[](Policy &p) { p.network.parameters["activation"] = "gelu"; }, {"/network/activation", "'gelu'"}},
      {[](Policy &p) { p.network.weights.erase("layer1/bias"); }, {"/network/layer1/bias", "missing"}},
      {[](Policy &p) { p.network.weights.erase("layer0/weight"); }, {"/network/layer0/weight", "missing"}},
      {[](Policy &p) {
         p.network.weights["layer7/weight"] = {{1}, {0}};
       },
       {"/network", "layers"}},
      {[](Policy &p) {
         p.network.weights["layer0/bias"] = {{19}, std::vector<float>(19)};
       },
       {"/network/layer0/bias", "expected 20", "found 19"}},
      {[](Policy &p) {
         p.network.weights["layer1/weight"] = {{1, 19}, std::vector<float>(19)};
       },
       {"/network/layer1/weight", "expected 20", "found 19"}},
      {[](Policy &p) {
         p.network.weights["layer0/weight"] = {{20, 2}, std::vector<float>(40)};
       },
       {"/network", "2 inputs", "expected 3"}},
      {[](Policy &p) { p.network.weights["layer0/weight"].shape = {3}; }, {"/network/layer0/weight"}},
      {[&](Policy &p) { p.network.weights["layer1/weight"].data[11] = nan; },
       {"/network/layer1/weight", "value 11", "not finite"}},
  };
  const File file("mistake.h5");
  for (std::size_t i = 0; i < mistakes.size(); ++i) {
    SCOPED_TRACE(i);
    Policy p = twoLayers();
    mistakes[i].make(p);
    const std::string message = messageOf([&] { validate(p, "some/file.h5"); });
    expectParts(message, mistakes[i].parts);
    expectParts(message, {"some/file.h5: "});
    // What is wrong is not written either.
    expectParts(messageOf([&] { writePolicy(file.path, p); }), mistakes[i].parts);
    EXPECT_EQ(bytesOf(file.path), "");
  }
}

// Files that another program wrote wrongly: attributes of another type, format or version.
TEST(PolicyFile, WrongHeadersAreNamed) {
  const File file("header.h5");
  const auto with = [&](const std::function<void(h5::Writer &)> &fill) {
    h5::Writer out(file.path);
    fill(out);
    out.write();
    const std::string message = messageOf([&] { readPolicy(file.path); });
    expectParts(message, {file.path});
    return message;
  };
  expectParts(with([](h5::Writer &) {}), {"'format'", "missing"});
  expectParts(with([](h5::Writer &w) { w.text("/", "format", "png"); }), {"format", "petrl-policy", "'png'"});
  expectParts(with([](h5::Writer &w) { w.text("/", "format", "petrl-policy"), w.integer("/", "version", 2); }),
              {"version", "expected 1", "found 2"});
  expectParts(with([](h5::Writer &w) { w.text("/", "format", "petrl-policy"), w.text("/", "version", "1"); }),
              {"version", "expected"});
  expectParts(with([](h5::Writer &w) { w.integer("/", "format", 1); }), {"format", "expected"});
  expectParts(with([](h5::Writer &w) {
                w.text("/", "format", "petrl-policy"), w.integer("/", "version", 1), w.text("/", "kind", "tsadapt");
                w.group("/observation"), w.numbers("/observation/names", {1, 2});
              }),
              {"/observation/names", "expected text"});
}

TEST(PolicyFile, WhatIsNoPolicyFileIsRefused) {
  const File file("none.h5");
  const auto message = [&] { return messageOf([&] { readPolicy(file.path); }); };
  expectParts(message(), {file.path, "No such file"});
  writeBytes(file.path, "");
  expectParts(message(), {file.path, "no HDF5 file"});
  writeBytes(file.path, "kind: tsadapt\n");
  expectParts(message(), {file.path, "no HDF5 file"});
  std::remove(file.path.c_str());
  ASSERT_EQ(mkdir(file.path.c_str(), 0777), 0);
  expectParts(message(), {file.path, "regular file"});
  std::remove(file.path.c_str());
  ASSERT_EQ(mkfifo(file.path.c_str(), 0666), 0);  // nobody waits for who may write into it
  expectParts(message(), {file.path, "regular file"});
  std::remove(file.path.c_str());
  std::FILE *large = std::fopen(file.path.c_str(), "w");
  ASSERT_EQ(ftruncate(fileno(large), off_t{1} << 32), 0);
  std::fclose(large);
  expectParts(message(), {file.path, "found 4294967296 bytes, expected at most"});
  std::remove(file.path.c_str());
  writePolicy(file.path, twoLayers());
  const std::string whole = bytesOf(file.path);
  for (const std::size_t share : {1, 4, 7}) {
    writeBytes(file.path, whole.substr(0, whole.size() * share / 8));
    expectParts(message(), {file.path});
  }
  expectParts(messageOf([] { writePolicy("/no/such/folder/p.h5", twoLayers()); }), {"/no/such/folder/p.h5"});
}

// Whatever a flipped bit or a careless hand makes of them: nothing is read that could not be used.
TEST(PolicyFile, NothingIsReadThatCouldNotBeUsed) {
  struct Mistake {
    Policy policy;
    std::function<void(Policy &)> make;
    std::vector<std::string> parts;
  };
  const std::vector<Mistake> mistakes = {
      {lamp(), [](Policy &p) { p.action.transform = ""; }, {"/action/transform", "split-and-coarsen", "''"}},
      {lamp(), [](Policy &p) { p.action.parameters.erase("count"); }, {"/action/count", "argmax", "''"}},
      {lamp(), [](Policy &p) { p.action.parameters["largest_trade_off"] = "0.5x"; }, {"largest_trade_off", "0.5x"}},
      {lamp(), [](Policy &p) { p.action.parameters["floor"] = "1"; }, {"/action", "count and largest_trade_off"}},
      {lamp(), [](Policy &p) { p.action.high[1] = 18; }, {"/action", "high 19"}},
      {lamp(), [](Policy &p) { p.observation.scale[3] = 2; }, {"/observation/scale", "1"}},
      {lamp(), [](Policy &p) { p.network.parameters.erase("evolution.shared"); }, {"shared", "missing"}},
      {lamp(), [](Policy &p) { p.network.parameters["ring"] = "yes"; }, {"/network/ring", "'yes'"}},
      {lamp(), [](Policy &p) { p.network.parameters["rnig"] = "true"; }, {"/network/rnig", "unknown"}},
      {lamp(), [](Policy &p) { p.network.parameters["parameters"] = "false"; }, {"/network/evolution", "25, 2 and 25"}},
      // The weights decide how much memory there is, not what they are said to be.
      {lamp(),
       [](Policy &p) {
         p.network.parameters["evolution.hidden"] = "4096", p.network.parameters["evolution.layers"] = "4096";
       },
       {"/network/", "expected shape 29 x 4096"}},
      {refiner(), [](Policy &p) { p.action.transform = "marks"; }, {"/action/transform", "gain-loss", "marks"}},
      {refiner(), [](Policy &p) { p.action.parameters["floor"] = "2"; }, {"/action/floor", "1e-05"}},
      {refiner(), [](Policy &p) { p.action.parameters.erase("edges"); }, {"edge"}},
      {refiner(), [](Policy &p) { p.observation.offset[0] = 1; }, {"/observation/offset"}},
      {refiner(), [](Policy &p) { p.observation.names[0] = "chagne"; }, {"chagne"}},
      {twoLayers(), [](Policy &p) { p.network.parameters["dropout"] = "0.1"; }, {"/network/dropout", "unknown"}},
      {twoLayers(), [](Policy &p) { p.action.parameters["floor"] = "1"; }, {"/action", "floor", "unknown"}},
      {twoLayers(), [](Policy &p) { p.observation.names[0].resize(300, 'x'); }, {"/observation/names", "256"}},
      {twoLayers(),
       [](Policy &p) {
         p.validity.ranges["step"] = {2, 1};
       },
       {"/validity", "step"}},
  };
  for (std::size_t i = 0; i < mistakes.size(); ++i) {
    SCOPED_TRACE(i);
    Policy p = mistakes[i].policy;
    EXPECT_EQ(messageOf([&] { validate(p, "f"); }), "no error");
    mistakes[i].make(p);
    expectParts(messageOf([&] { validate(p, "f"); }), mistakes[i].parts);
  }
}

TEST(PolicyFile, WhereItWasTrained) {
  const File file("validity.h5");
  Policy p = twoLayers();
  writePolicy(file.path, p);
  const std::string without = bytesOf(file.path);
  EXPECT_EQ(p.validity.outside("courant", 1e9), "");  // nobody knows
  for (const double courant : {0.5, 0.25, 1.}) p.validity.saw("courant", courant);
  p.validity.saw("courant", NAN);
  for (const char *type : {"rk", "arkimex", "rk"}) p.validity.saw("ts_type", type);
  writePolicy(file.path, p);
  EXPECT_NE(bytesOf(file.path), without);
  const Validity v = readPolicy(file.path).validity;
  EXPECT_EQ(v.words.at("ts_type"), (std::vector<std::string>{"rk", "arkimex"}));
  EXPECT_EQ(v.outside("courant", 0.25), "");
  EXPECT_EQ(v.outside("courant", 1.5), "courant 1.5, trained on 0.25 to 1");
  EXPECT_EQ(v.outside("courant", 0.2), "courant 0.2, trained on 0.25 to 1");
  EXPECT_NE(v.outside("courant", NAN), "");
  EXPECT_EQ(v.outside("ts_type", "rk"), "");
  EXPECT_EQ(v.outside("ts_type", "bdf"), "ts_type 'bdf', trained on rk, arkimex");
  expectParts(describe(readPolicy(file.path)), {"trained on", "courant", "0.25 to 1", "ts_type", "rk, arkimex"});
  // Every rank knows.
  Policy shared;
  ASSERT_EQ(sharePolicy(PETSC_COMM_SELF, file.path, "tsadapt", true, shared), PETSC_SUCCESS);
  EXPECT_EQ(shared.validity.ranges.at("courant").high, 1);
}

// Damaged files: an error or a valid policy, never a crash. Deterministic.
TEST(PolicyFile, DamagedFilesNeverCrash) {
  const File file("damaged.h5");
  writePolicy(file.path, twoLayers());
  // Without its seal, which would see every damage.
  const std::string sealed = bytesOf(file.path), whole = sealed.substr(h5::kSeal);
  std::mt19937_64 rng(20240229);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(rng() % n); };
  int refused = 0, accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = whole;
    switch (i % 5) {
      case 0:  // flipped bits
        for (std::size_t k = 1 + below(8); k > 0; --k) bytes[below(bytes.size())] ^= static_cast<char>(1 << below(8));
        break;
      case 1:  // cut off
        bytes.resize(below(bytes.size()));
        break;
      case 2:  // a block of noise
        for (std::size_t k = below(bytes.size()), n = 1 + below(64); n > 0 && k < bytes.size(); --n, ++k)
          bytes[k] = static_cast<char>(rng());
        break;
      case 3:  // a block of zeros, as a crash of the file system leaves it
        for (std::size_t k = below(bytes.size()), n = 1 + below(512); n > 0 && k < bytes.size(); --n, ++k) bytes[k] = 0;
        break;
      case 4:  // a block from elsewhere in the file
        for (std::size_t from = below(bytes.size()), to = below(bytes.size()), n = 1 + below(256);
             n > 0 && std::max(from, to) < bytes.size(); --n, ++from, ++to)
          bytes[to] = whole[from];
        break;
    }
    try {
      const Policy p = parsePolicy(bytes, file.path);
      validate(p, file.path);
      EXPECT_FALSE(describe(p).empty());
      ++accepted;
    } catch (const Error &e) {
      EXPECT_NE(std::string(e.what()).find(file.path), std::string::npos) << e.what();
      ++refused;
    } catch (const std::exception &e) {
      ADD_FAILURE() << "mutation " << i << ": " << e.what();
    }
  }
  EXPECT_GT(refused, 10000);
  RecordProperty("accepted", accepted);
  for (std::size_t k = 8; k < sealed.size(); k += 97) {  // what comes before says that there is a seal
    std::string bytes = sealed;
    bytes[k] ^= 4;
    EXPECT_NE(messageOf([&] { parsePolicy(bytes, "f"); }), "no error") << k;
  }
}
