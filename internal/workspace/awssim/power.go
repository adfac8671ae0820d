package awssim

import "time"

func powerActions() map[string]action {
	return map[string]action{
		"StartInstances":     startInstances,
		"StopInstances":      stopInstances,
		"RebootInstances":    rebootInstances,
		"TerminateInstances": terminateInstances,
	}
}

// change applies do to the instances a request names and tells their states before and after.
func (k *call) change(allowed func(*instance) error, do func(*instance)) ([]elem, error) {
	if err := k.need("InstanceId"); err != nil {
		return nil, err
	}
	chosen, err := k.fleet.find(k.p.strs("InstanceId"))
	if err != nil {
		return nil, err
	}
	for _, i := range chosen {
		if err := allowed(i); err != nil {
			return nil, err
		}
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	return []elem{set("instancesSet", chosen, func(i *instance) []elem {
		before := i.state
		do(i)
		return []elem{text("instanceId", i.id), stateElem("currentState", i.state), stateElem("previousState", before)}
	})}, nil
}

// unmanaged refuses to touch what an AWS service runs.
func unmanaged(i *instance) error {
	if i.operator == "" {
		return nil
	}
	return refuse("OperationNotPermitted",
		"The instance '%s' is managed by %s and cannot be changed by you.", i.id, i.operator)
}

func wrongState(i *instance, doing string) error {
	return refuse("IncorrectInstanceState", "The instance '%s' is not in a state from which it can be %s.", i.id, doing)
}

func startInstances(k *call) ([]elem, error) {
	return k.change(func(i *instance) error {
		if i.state != Stopped && i.state != Running && i.state != Pending {
			return wrongState(i, "started")
		}
		return unmanaged(i)
	}, func(i *instance) {
		if i.state == Stopped {
			i.launched = k.cloud.now
			i.application = i.spoiled() != SpoiledUnhealthy
			i.boot()
		}
	})
}

func stopInstances(k *call) ([]elem, error) {
	return k.change(func(i *instance) error {
		if i.state == ShuttingDown || i.state == Terminated {
			return wrongState(i, "stopped")
		}
		return unmanaged(i)
	}, func(i *instance) {
		if i.state == Running || i.state == Pending {
			i.stop("Client.UserInitiatedShutdown", "Client.UserInitiatedShutdown: User initiated shutdown")
		}
	})
}

// rebootInstances cures what a reboot cures: the machine's own checks, not the host's.
func rebootInstances(k *call) ([]elem, error) {
	_, err := k.change(func(i *instance) error {
		if i.state != Running {
			return wrongState(i, "rebooted")
		}
		return unmanaged(i)
	}, (*instance).reboot)
	return []elem{flag("return", true)}, err
}

// reboot restarts the machine without leaving running. Until it is up again nothing on it answers.
func (i *instance) reboot() {
	i.restart()
	i.rebooting = true
	i.notice()
}

// restart begins anew what runs on the machine, and its own check.
func (i *instance) restart() {
	c := i.fleet.cloud
	c.tell(Change{Kind: Restarted, Instance: i.id})
	i.generation++
	started := i.generation
	i.status, i.cutOff = check{status: "initializing"}, time.Time{}
	i.application = i.spoiled() != SpoiledUnhealthy
	c.after(c.opts.BootFor, func() {
		if i.state == Running && i.generation == started {
			i.rebooting = false
			i.checked()
		}
	})
}

func terminateInstances(k *call) ([]elem, error) {
	return k.change(func(i *instance) error {
		if i.data.yes("DisableApiTermination") {
			return refuse("OperationNotPermitted", "The instance '%s' may not be terminated. "+
				"Modify its 'disableApiTermination' instance attribute and try again.", i.id)
		}
		return unmanaged(i)
	}, func(i *instance) {
		i.die("Client.UserInitiatedShutdown", "Client.UserInitiatedShutdown: User initiated shutdown")
	})
}

// Crash is a way for an instance to go down.
type Crash string

const (
	// CrashSystem impairs the system status check: the host is at fault.
	CrashSystem Crash = "system"
	// CrashInstance impairs the instance status check: the machine is at fault.
	CrashInstance Crash = "instance"
	// CrashApplication keeps the machine well and fails the load balancer's health check.
	CrashApplication Crash = "application"
	// CrashAgent keeps the machine well and cuts Systems Manager off from it.
	CrashAgent Crash = "agent"
	// CrashStopped stops the machine.
	CrashStopped Crash = "stopped"
	// CrashTerminated ends the machine.
	CrashTerminated Crash = "terminated"
)

// Crash brings an instance down, in whatever account and region it is. It reports whether it was found
// and the way is one it knows.
func (c *Cloud) Crash(instanceID string, how Crash) bool {
	defer c.lock()()
	for _, f := range c.fleets() {
		if i := f.instances[instanceID]; i != nil {
			return i.crash(how)
		}
	}
	return false
}

func (i *instance) crash(how Crash) bool {
	now := i.fleet.cloud.now
	switch how {
	case CrashSystem:
		i.system = check{"impaired", now}
	case CrashInstance:
		i.status = check{"impaired", now}
	case CrashApplication:
		i.application = false
	case CrashAgent:
		i.cutOff = now
	case CrashStopped:
		i.stop("Server.InternalError", "Server.InternalError: Internal error")
	case CrashTerminated:
		i.die("Server.InternalError", "Server.InternalError: Internal error")
	default:
		return false
	}
	if how == CrashSystem || how == CrashInstance {
		i.application = false
	}
	i.notice()
	return true
}
