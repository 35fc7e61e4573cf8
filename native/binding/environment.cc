#include "environment.h"

#include <iterator>

namespace nabla {

napi_value errorOf(napi_env env, const Refusal& refusal) {
  napi_value code, message, error = nullptr;
  napi_create_string_utf8(env, refusal.code, NAPI_AUTO_LENGTH, &code);
  napi_create_string_utf8(env, refusal.message, NAPI_AUTO_LENGTH, &message);
  const Napi::FunctionReference& errorClass = Environment::of(env).errorClass();
  const napi_value arguments[] = {code, message};
  if (errorClass.IsEmpty() ||
      napi_new_instance(env, errorClass.Value(), std::size(arguments), arguments, &error) != napi_ok)
    napi_create_error(env, code, message, &error);
  return error;
}

namespace {

constexpr Refusal noThread{"ERR_NO_THREAD",
                           "the system starts no thread for this fit (a limit on processes or memory?): "
                           "raise it, or call the Sync twin"};
constexpr Refusal exited{"ERR_PROCESS_EXIT", "the process has emitted 'exit', which ends the fits that run"};

}  // namespace

// Shared by an environment and its jobs, so that a pool thread never touches an environment that is gone.
struct Mailbox {
  std::mutex mutex;
  std::condition_variable idle;
  napi_threadsafe_function function = nullptr;
  List<ScriptJob, &ScriptJob::message_> posted;  // each once; one call of the function fetches them all
  size_t running = 0;                            // jobs given to the pool and not yet ended
  bool closed = false;                           // nothing can be posted any more

  // With the mutex held.
  void post(ScriptJob* job) {
    if (closed || job->posted_.load(std::memory_order_relaxed)) return;
    if (posted.isEmpty() &&
        napi_call_threadsafe_function(function, nullptr, napi_tsfn_nonblocking) != napi_ok) {
      closed = true;
      return;
    }
    job->posted_.store(true);
    posted.pushBack(job);
  }
};

void ScriptJob::run() {
  if (!cancelled.load()) compute();
  const std::shared_ptr<Mailbox> mailbox = mailbox_;
  std::lock_guard<std::mutex> lock(mailbox->mutex);
  ended_ = true;
  mailbox->post(this);
  --mailbox->running;
  mailbox->idle.notify_all();
}

void ScriptJob::askForTick() {
  if (posted_.load()) return;
  std::lock_guard<std::mutex> lock(mailbox_->mutex);
  mailbox_->post(this);
}

Environment::Environment(Napi::Env env, const Kernels& kernels)
    : env_(env), kernels_(kernels), mailbox_(std::make_shared<Mailbox>()) {
  napi_add_env_cleanup_hook(
      env, [](void* self) { static_cast<Environment*>(self)->close(); }, this);
}

// With the mailbox's mutex held. False: it cannot be opened.
bool Environment::openMailbox() {
  const auto finalize = [](napi_env, void* held, void*) {
    std::unique_ptr<std::shared_ptr<Mailbox>> mailbox(static_cast<std::shared_ptr<Mailbox>*>(held));
    std::lock_guard<std::mutex> lock((*mailbox)->mutex);
    (*mailbox)->closed = true;
  };
  auto held = std::make_unique<std::shared_ptr<Mailbox>>(mailbox_);
  napi_value name;
  if (napi_create_string_utf8(env_, "nabla.fit", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env_, nullptr, nullptr, name, 0, 1, held.get(), finalize, this, deliver,
                                      &mailbox_->function) != napi_ok)
    return false;
  held.release();
  return true;
}

void Environment::start(const std::shared_ptr<ScriptJob>& job) {
  {
    std::lock_guard<std::mutex> lock(mailbox_->mutex);
    if (mailbox_->closed) return;
    if (mailbox_->function) {
      if (active_.isEmpty()) napi_ref_threadsafe_function(env_, mailbox_->function);
    } else if (!openMailbox()) {
      job->drop();
      reject("ERR_OUT_OF_MEMORY", "a thread-safe function cannot be made");
    }
  }
  job->mailbox_ = mailbox_;
  job->ended_ = job->isHalted_ = false;
  job->self_ = job;
  job->waits_ = isPaused_;
  active_.pushBack(job.get());
  if (job->waits_ || submit(job.get())) return;
  remove(job.get())->drop();
  throw noThread;
}

// False: there is no thread for it.
bool Environment::submit(ScriptJob* job) {
  {
    std::lock_guard<std::mutex> lock(mailbox_->mutex);
    ++mailbox_->running;
  }
  if (Pool::instance().submit(job)) return true;
  std::lock_guard<std::mutex> lock(mailbox_->mutex);
  --mailbox_->running;
  return false;
}

// Takes a job off the active ones; null if it is none.
std::shared_ptr<ScriptJob> Environment::remove(ScriptJob* job) {
  if (!active_.has(job)) return nullptr;
  active_.remove(job);
  if (active_.isEmpty()) napi_unref_threadsafe_function(env_, mailbox_->function);
  return std::move(job->self_);
}

void Environment::deliver(napi_env env, napi_value, void* context, void*) {
  if (!env) return;  // the environment is going down; close() drops its jobs
  static_cast<Environment*>(context)->deliverAll();
}

// Tells what lies in the mailbox, but not what comes meanwhile: the event loop turns in between.
void Environment::deliverAll() {
  std::unique_lock<std::mutex> lock(mailbox_->mutex);
  List<ScriptJob, &ScriptJob::message_>& posted = mailbox_->posted;
  for (size_t n = posted.size(); n > 0 && !posted.isEmpty(); --n) {
    ScriptJob* const job = posted.popFront();
    job->posted_.store(false);
    const bool hasEnded = job->ended_;
    lock.unlock();
    tell(job, hasEnded);
    lock.lock();
  }
  if (!posted.isEmpty() &&
      napi_call_threadsafe_function(mailbox_->function, nullptr, napi_tsfn_nonblocking) != napi_ok)
    mailbox_->closed = true;
}

void Environment::tell(ScriptJob* pointer, bool hasEnded) {
  const std::shared_ptr<ScriptJob> job = hasEnded ? remove(pointer) : pointer->self_;
  Napi::HandleScope scope(env_);
  try {
    if (!job->cancelled.load()) job->tick(env_);
    if (!hasEnded) return;
    if (job->isHalted_) job->fail(exited);
    if (job->cancelled.load() && !job->isHalted_)
      job->drop();
    else
      job->settle(env_);
  } catch (const Napi::Error&) {  // a worker that is being terminated runs no JavaScript any more
  }
}

void Environment::cancel(ScriptJob* job) {
  job->cancelled.store(true);
  job->isHalted_ = false;
  if (!active_.has(job) || !Pool::instance().withdraw(job)) return;
  {
    std::lock_guard<std::mutex> lock(mailbox_->mutex);
    --mailbox_->running;
  }
  remove(job)->drop();
}

void Environment::pause() {
  isPaused_ = true;
  size_t withdrawn = 0;
  for (ScriptJob* job = active_.front(); job; job = active_.next(job)) {
    if (job->waits_) continue;
    job->waits_ = Pool::instance().withdraw(job);
    if (job->waits_) {
      ++withdrawn;
    } else if (!job->cancelled.exchange(true)) {
      job->isHalted_ = true;
      Pool::instance().withdraw(job);  // wakes one that waits for its turn
    }
  }
  std::unique_lock<std::mutex> lock(mailbox_->mutex);
  mailbox_->running -= withdrawn;
  mailbox_->idle.wait(lock, [this] { return mailbox_->running == 0; });
}

void Environment::resume() {
  isPaused_ = false;
  for (ScriptJob *job = active_.front(), *next; job; job = next) {
    next = active_.next(job);
    if (!job->waits_) continue;
    job->waits_ = false;
    if (submit(job)) continue;
    job->fail(noThread);
    const std::shared_ptr<ScriptJob> last = remove(job);
    last->settle(env_);
  }
}

void Environment::close() {
  // Jobs that wait are taken back: they may stand behind another environment's long fits.
  size_t withdrawn = 0;
  for (ScriptJob* job = active_.front(); job; job = active_.next(job)) {
    job->cancelled.store(true);
    if (Pool::instance().withdraw(job)) ++withdrawn;
  }
  std::unique_lock<std::mutex> lock(mailbox_->mutex);
  mailbox_->running -= withdrawn;
  mailbox_->closed = true;
  mailbox_->idle.wait(lock, [this] { return mailbox_->running == 0; });
  while (mailbox_->posted.popFront()) {
  }
  lock.unlock();
  while (ScriptJob* const job = active_.popFront()) {
    const std::shared_ptr<ScriptJob> last = std::move(job->self_);
  }
}

}  // namespace nabla
