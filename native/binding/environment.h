// State of one JavaScript environment (main thread or worker): its kernels and running fits.
#pragma once

#include <napi.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "../kernels/table.h"
#include "../threads/pool.h"
#include "call.h"

namespace nabla {

class Environment;

// A job that JavaScript is told of: what it has come to while it runs, and its end.
class ScriptJob : public Job {
 public:
  void run() final;
  virtual void compute() noexcept = 0;     // on a pool thread
  virtual void tick(Napi::Env) {}          // back on the environment's thread, when asked for
  virtual void settle(Napi::Env env) = 0;  // there too, after the last tick: with failure(), if there is one
  virtual void drop() = 0;                 // in place of settle, when nobody waits for it any more

 protected:
  // Asks for a tick, unless one is still to come. On a pool thread.
  void askForTick();
  const Refusal* failure() const { return failure_; }
  void fail(const Refusal& refusal) { failure_ = &refusal; }

 private:
  friend class Environment;
  friend struct Mailbox;
  std::shared_ptr<struct Mailbox> mailbox_;
  std::shared_ptr<ScriptJob> self_;    // while it is active
  Links<ScriptJob> active_, message_;  // in the environment's list, in the mailbox's
  std::atomic<bool> posted_{false};    // is in the mailbox
  bool ended_ = false;
  bool waits_ = false;     // for the environment to resume
  bool isHalted_ = false;  // was ended by a pause of the environment
  const Refusal* failure_ = nullptr;
};

class Environment {
 public:
  Environment(Napi::Env env, const Kernels& kernels);

  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
  const Kernels& kernels() const { return kernels_; }

  // The class of errors that calls throw: new Class(code, message). Until it is set, Error with a `code`.
  void setErrorClass(Napi::Function errorClass) { errorClass_ = Napi::Persistent(errorClass); }
  const Napi::FunctionReference& errorClass() const { return errorClass_; }

  // Runs the job on the pool, then settles it here. A job in flight keeps the event loop alive. Throws a
  // Refusal, having dropped the job, where there is no thread for it.
  void start(const std::shared_ptr<ScriptJob>& job);
  // Ends a job of this environment: it tells nothing any more. One that no thread has begun is dropped at
  // once.
  void cancel(ScriptJob* job);
  // Cancels what runs and waits for it; nothing is settled any more.
  void close();
  // At process.on('exit'), from which a process may go on where a program has emitted that itself: ends what
  // runs, which fails with ERR_PROCESS_EXIT after resume(), and keeps what waits until then.
  void pause();
  void resume();

 private:
  static void deliver(napi_env env, napi_value, void* context, void* data);
  void deliverAll();
  void tell(ScriptJob* job, bool hasEnded);
  bool submit(ScriptJob* job);
  bool openMailbox();
  std::shared_ptr<ScriptJob> remove(ScriptJob* job);

  Napi::Env env_;
  const Kernels& kernels_;
  std::shared_ptr<Mailbox> mailbox_;
  Napi::FunctionReference errorClass_;
  bool isPaused_ = false;
  List<ScriptJob, &ScriptJob::active_> active_;
};

}  // namespace nabla
