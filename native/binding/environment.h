// What one JavaScript environment (the main thread or a worker) owns: its kernels and its running fits.
#pragma once

#include <napi.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "../kernels/table.h"
#include "../solver/pool.h"

namespace nabla {

class Environment;

// A job whose end is told to JavaScript.
class ScriptJob : public Job {
 public:
  void run() final;
  virtual void compute() noexcept = 0;     // on a pool thread
  virtual void settle(Napi::Env env) = 0;  // back on the environment's thread
 private:
  friend class Environment;
  std::shared_ptr<struct Mailbox> mailbox_;
};

class Environment {
 public:
  Environment(Napi::Env env, const Kernels& kernels);

  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
  const Kernels& kernels() const { return kernels_; }

  // Runs the job on the pool, then settles it here. A job in flight keeps the event loop alive.
  void start(std::shared_ptr<ScriptJob> job);
  // Cancels what runs and waits for it; nothing is settled any more.
  void close();

 private:
  static void deliver(napi_env env, napi_value, void* context, void* data);

  Napi::Env env_;
  const Kernels& kernels_;
  std::shared_ptr<Mailbox> mailbox_;
  std::unordered_map<ScriptJob*, std::shared_ptr<ScriptJob>> active_;
};

}  // namespace nabla
