// What one JavaScript environment (the main thread or a worker) owns: its kernels and its running fits.
#pragma once

#include <napi.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "../kernels/table.h"
#include "../solver/pool.h"

namespace nabla {

class Environment;

// A job that JavaScript is told of: what it has come to while it runs, and its end.
class ScriptJob : public Job {
 public:
  void run() final;
  virtual void compute() noexcept = 0;     // on a pool thread
  virtual void tick(Napi::Env) {}          // back on the environment's thread, when asked for
  virtual void settle(Napi::Env env) = 0;  // there too, after the last tick
  virtual void drop() = 0;                 // in place of settle, when nobody waits for it any more

 protected:
  // Asks for a tick, unless one is still to come. On a pool thread.
  void askForTick();

 private:
  friend class Environment;
  friend struct Mailbox;
  std::shared_ptr<struct Mailbox> mailbox_;
  std::atomic<bool> posted_{false};  // is in the mailbox
  bool ended_ = false;
};

class Environment {
 public:
  Environment(Napi::Env env, const Kernels& kernels);

  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
  const Kernels& kernels() const { return kernels_; }

  // Runs the job on the pool, then settles it here. A job in flight keeps the event loop alive.
  void start(std::shared_ptr<ScriptJob> job);
  // Ends a job of this environment: it tells nothing any more. One that no thread has begun is dropped at
  // once.
  void cancel(ScriptJob* job);
  // Cancels what runs and waits for it; nothing is settled any more.
  void close();

 private:
  static void deliver(napi_env env, napi_value, void* context, void* data);
  std::shared_ptr<ScriptJob> remove(ScriptJob* job);

  Napi::Env env_;
  const Kernels& kernels_;
  std::shared_ptr<Mailbox> mailbox_;
  std::unordered_map<ScriptJob*, std::shared_ptr<ScriptJob>> active_;
};

}  // namespace nabla
