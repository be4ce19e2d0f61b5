"""Several processes on the same ports: `Workers: N` in the configuration.

A **supervisor** (the process that was started) reads the configuration, binds every port once and serves
nothing itself. N **balancers** serve the listeners. One process for **services** serves what must exist
once: the user pools, whose logins and mails one process keeps in order, and the administration port, which
speaks for all. It is a process of its own and not balancer 0, so that hashing passwords slows no traffic, and
so that a balancer that dies takes no login page with it.

Why so:

- *Sockets are inherited, not opened with SO_REUSEPORT.* There, every process has a queue of its own, and what
  waits in it is reset when the process ends. Here the queue belongs to the supervisor's socket and outlives
  every worker: during a restart, or when a worker is killed, connections wait and are not refused.
- *Workers are fresh interpreters, not forks.* A fork of a running loop shares its epoll set, its threads'
  locks and its random state.
- *A reload always rolls*: a new generation of processes is started and made ready, and only then takes over,
  whole. Should one of it fail, the old one goes on as if nothing had been: a swap inside N processes could
  stop halfway. The old generation accepts no more, ends each connection with the response to its next
  request, and has an hour for long downloads and WebSockets.
- *A worker gets the configuration that was accepted*, not what the file holds by now: one that replaces a
  dead one while the file is half edited starts all the same.
- *Every balancer probes the targets itself*, as every node of an ALB does: who routes knows what it can reach
  itself, and no process is the one whose death freezes everybody's view. Targets get N probes per interval. A
  new balancer takes traffic after its first round of probes, so that it does not send requests to targets
  that the others know to be down.
- *Replay memory of logins is each balancer's own.* A callback sent again to another balancer finds the
  browser's attempt cookie gone, and its code spent at the provider, which is what counts; a store shared by
  all would add a way to fail and no security.
- *Turns at refreshing sessions are everybody's.* A refresh token that rotates is good once, and a second use
  can end the login: balancers ask the supervisor for the turn, and leave the outcome there, sealed.

Messages between the processes are JSON; only the supervisor sends a pickle (the settings), because balancers
parse what strangers send, and must not be able to make the supervisor run code.
"""
