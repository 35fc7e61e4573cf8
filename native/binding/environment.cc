#include "environment.h"

#include <vector>

namespace nabla {

// Shared by an environment and its jobs, so that a pool thread never touches an environment that is gone.
struct Mailbox {
  std::mutex mutex;
  std::condition_variable idle;
  napi_threadsafe_function function = nullptr;
  std::vector<ScriptJob*> posted;  // those with something to tell, each once; one call fetches them all
  size_t running = 0;              // jobs given to the pool and not yet ended
  bool closed = false;             // nothing can be posted any more

  // With the mutex held.
  void post(ScriptJob* job) {
    if (closed || job->posted_.load(std::memory_order_relaxed)) return;
    if (posted.empty() &&
        napi_call_threadsafe_function(function, nullptr, napi_tsfn_nonblocking) != napi_ok) {
      closed = true;
      return;
    }
    job->posted_.store(true);
    posted.push_back(job);
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

void Environment::start(std::shared_ptr<ScriptJob> job) {
  Mailbox& mailbox = *mailbox_;
  {
    std::lock_guard<std::mutex> lock(mailbox.mutex);
    if (mailbox.closed) return;
    if (!mailbox.function) {
      const auto finalize = [](napi_env, void* held, void*) {
        std::unique_ptr<std::shared_ptr<Mailbox>> mailbox(static_cast<std::shared_ptr<Mailbox>*>(held));
        std::lock_guard<std::mutex> lock((*mailbox)->mutex);
        (*mailbox)->closed = true;
      };
      auto held = std::make_unique<std::shared_ptr<Mailbox>>(mailbox_);
      if (napi_create_threadsafe_function(env_, nullptr, nullptr, Napi::String::New(env_, "nabla.fit"), 0, 1,
                                          held.get(), finalize, this, deliver, &mailbox.function) != napi_ok)
        throw Napi::Error::New(env_, "cannot create a thread-safe function");
      held.release();
    } else if (active_.empty()) {
      napi_ref_threadsafe_function(env_, mailbox.function);
    }
    ++mailbox.running;
  }
  job->mailbox_ = mailbox_;
  job->ended_ = false;
  active_.emplace(job.get(), job);
  Pool::instance().submit(job.get());
}

// No longer active; null if it is not.
std::shared_ptr<ScriptJob> Environment::remove(ScriptJob* job) {
  const auto found = active_.find(job);
  if (found == active_.end()) return nullptr;
  const std::shared_ptr<ScriptJob> removed = std::move(found->second);
  active_.erase(found);
  if (active_.empty()) napi_unref_threadsafe_function(env_, mailbox_->function);
  return removed;
}

void Environment::deliver(napi_env env, napi_value, void* context, void*) {
  if (!env) return;  // the environment is going down; close() drops its jobs
  Environment& self = *static_cast<Environment*>(context);
  std::vector<std::pair<ScriptJob*, bool>> posted;  // and whether it has ended
  {
    std::lock_guard<std::mutex> lock(self.mailbox_->mutex);
    for (ScriptJob* job : self.mailbox_->posted) {
      job->posted_.store(false);
      posted.emplace_back(job, job->ended_);
    }
    self.mailbox_->posted.clear();
  }
  for (const auto& [pointer, ended] : posted) {
    const auto found = self.active_.find(pointer);
    if (found == self.active_.end()) continue;  // JavaScript that ran in between has closed the environment
    const std::shared_ptr<ScriptJob> job = ended ? self.remove(pointer) : found->second;
    Napi::HandleScope scope(env);
    try {
      if (!job->cancelled.load()) job->tick(env);
      if (!ended) continue;
      if (job->cancelled.load())
        job->drop();
      else
        job->settle(env);
    } catch (const Napi::Error&) {  // a worker that is being terminated runs no JavaScript any more
    }
  }
}

void Environment::cancel(ScriptJob* job) {
  job->cancelled.store(true);
  if (active_.count(job) == 0 || !Pool::instance().withdraw(job)) return;
  {
    std::lock_guard<std::mutex> lock(mailbox_->mutex);
    --mailbox_->running;
  }
  remove(job)->drop();
}

void Environment::close() {
  // Those that still wait are taken back: they may stand behind another environment's long fits.
  size_t withdrawn = 0;
  for (auto& entry : active_) {
    entry.second->cancelled.store(true);
    if (Pool::instance().withdraw(entry.first)) ++withdrawn;
  }
  std::unique_lock<std::mutex> lock(mailbox_->mutex);
  mailbox_->running -= withdrawn;
  mailbox_->closed = true;
  mailbox_->idle.wait(lock, [this] { return mailbox_->running == 0; });
  active_.clear();
}

}  // namespace nabla
