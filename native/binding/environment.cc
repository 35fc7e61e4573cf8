#include "environment.h"

namespace nabla {

// Shared by an environment and its jobs, so that a pool thread never touches an environment that is gone.
struct Mailbox {
  std::mutex mutex;
  std::condition_variable idle;
  napi_threadsafe_function function = nullptr;
  size_t running = 0;   // jobs given to the pool and not yet posted
  bool closed = false;  // nothing can be posted any more
};

void ScriptJob::run() {
  if (!cancelled.load()) compute();
  const std::shared_ptr<Mailbox> mailbox = mailbox_;
  std::lock_guard<std::mutex> lock(mailbox->mutex);
  if (!mailbox->closed &&
      napi_call_threadsafe_function(mailbox->function, this, napi_tsfn_nonblocking) != napi_ok)
    mailbox->closed = true;
  --mailbox->running;
  mailbox->idle.notify_all();
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
  active_.emplace(job.get(), job);
  Pool::instance().submit(job.get());
}

void Environment::deliver(napi_env env, napi_value, void* context, void* data) {
  if (!env) return;  // the environment is going down; close() drops its jobs
  Environment& self = *static_cast<Environment*>(context);
  const auto found = self.active_.find(static_cast<ScriptJob*>(data));
  if (found == self.active_.end()) return;
  const std::shared_ptr<ScriptJob> job = std::move(found->second);
  self.active_.erase(found);
  if (self.active_.empty()) napi_unref_threadsafe_function(env, self.mailbox_->function);
  Napi::HandleScope scope(env);
  try {
    job->settle(env);
  } catch (const Napi::Error&) {  // a worker that is being terminated runs no JavaScript any more
  }
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
