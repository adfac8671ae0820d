package awssim

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// hook is a lifecycle hook: the group waits for somebody to say go on.
type hook struct {
	name, transition string
	heartbeat        time.Duration
	fallback         string // CONTINUE or ABANDON, when nobody says anything
	metadata, target string
}

// wait is a seat held by a hook.
type wait struct {
	token    string
	hook     *hook
	deadline time.Time
	proceed  func()
	abandon  func()
}

func hookActions() map[string]action {
	return map[string]action{
		"PutLifecycleHook":               putLifecycleHook,
		"DeleteLifecycleHook":            deleteLifecycleHook,
		"DescribeLifecycleHooks":         describeLifecycleHooks,
		"CompleteLifecycleAction":        completeLifecycleAction,
		"RecordLifecycleActionHeartbeat": recordLifecycleActionHeartbeat,
	}
}

// await runs then at once, or when the group's hook for the transition lets it.
func (s *seat) await(transition, word string, then func()) {
	h := s.group.hookFor(transition)
	if h == nil {
		then()
		return
	}
	s.lifecycle = word + ":Wait"
	s.opened.status = "MidLifecycleAction"
	c := s.group.fleet.cloud
	w := &wait{token: c.uuid(), hook: h, deadline: c.now.Add(h.heartbeat)}
	w.proceed = func() { s.lifecycle = word + ":Proceed"; then() }
	w.abandon = w.proceed
	if word == "Pending" {
		w.abandon = func() {
			s.leave(c.clockPhrase() + " an instance was taken out of service in response to an abandoned lifecycle action.")
		}
	}
	s.waiting = w
	c.at(w.deadline, func() { s.expire(w) })
}

// expire applies the hook's default when its time is over, unless a heartbeat moved it.
func (s *seat) expire(w *wait) {
	c := s.group.fleet.cloud
	switch {
	case s.waiting != w:
	case c.now.Before(w.deadline):
		c.at(w.deadline, func() { s.expire(w) })
	default:
		s.complete(w.hook.fallback)
	}
}

// complete ends the wait.
func (s *seat) complete(result string) {
	w := s.waiting
	s.waiting = nil
	if result == "CONTINUE" {
		w.proceed()
	} else {
		w.abandon()
	}
	s.group.wake(0)
}

func (g *group) hookFor(transition string) *hook {
	for _, h := range sortedValues(g.hooks) {
		if h.transition == transition {
			return h
		}
	}
	return nil
}

// putHook adds or changes a hook; what is not given keeps its value.
func (g *group) putHook(p *params) {
	name := p.str("LifecycleHookName")
	h := g.hooks[name]
	if h == nil {
		h = &hook{name: name, heartbeat: time.Hour, fallback: "ABANDON"}
		g.hooks[name] = h
	}
	h.transition = cmp.Or(p.str("LifecycleTransition"), h.transition)
	h.fallback = cmp.Or(p.str("DefaultResult"), h.fallback)
	h.metadata = cmp.Or(p.str("NotificationMetadata"), h.metadata)
	h.target = cmp.Or(p.str("NotificationTargetARN"), h.target)
	if seconds, err := strconv.Atoi(p.str("HeartbeatTimeout")); err == nil {
		h.heartbeat = time.Duration(seconds) * time.Second
	}
}

func putLifecycleHook(k *call) ([]elem, error) {
	g, err := k.group()
	if err != nil {
		return nil, err
	}
	if err := k.need("LifecycleHookName"); err != nil {
		return nil, err
	}
	if seconds := k.num(3600, "HeartbeatTimeout"); k.bad == nil && (seconds < 30 || seconds > 7200) {
		return nil, invalid("HeartbeatTimeout must be between 30 and 7200 seconds.")
	}
	switch k.p.str("LifecycleTransition") {
	case "autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING":
	default:
		if g.hooks[k.p.str("LifecycleHookName")] == nil || k.p.has("LifecycleTransition") {
			return nil, invalid("LifecycleTransition must be autoscaling:EC2_INSTANCE_LAUNCHING or autoscaling:EC2_INSTANCE_TERMINATING.")
		}
	}
	if len(g.hooks) >= 50 && g.hooks[k.p.str("LifecycleHookName")] == nil {
		return nil, refuse("LimitExceeded", "A group has at most 50 lifecycle hooks.")
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	g.putHook(k.p)
	return nil, nil
}

func deleteLifecycleHook(k *call) ([]elem, error) {
	g, err := k.group()
	if err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	delete(g.hooks, k.p.str("LifecycleHookName"))
	return nil, nil
}

func describeLifecycleHooks(k *call) ([]elem, error) {
	g, err := k.group()
	if err != nil {
		return nil, err
	}
	names := k.p.strs("LifecycleHookNames")
	all := slices.DeleteFunc(sortedValues(g.hooks), func(h *hook) bool {
		return len(names) > 0 && !slices.Contains(names, h.name)
	})
	return []elem{members("LifecycleHooks", all, func(h *hook) []elem {
		return []elem{
			text("LifecycleHookName", h.name),
			text("AutoScalingGroupName", g.name),
			text("LifecycleTransition", h.transition),
			text("NotificationTargetARN", h.target),
			text("NotificationMetadata", h.metadata),
			num("HeartbeatTimeout", int(h.heartbeat.Seconds())),
			num("GlobalTimeout", int(min(100*h.heartbeat, 48*time.Hour).Seconds())),
			text("DefaultResult", h.fallback),
		}
	})}, nil
}

// held finds the seat that a hook holds, by instance or by token.
func (k *call) held() (*seat, error) {
	g, err := k.group()
	if err != nil {
		return nil, err
	}
	token, id := k.p.str("LifecycleActionToken"), k.p.str("InstanceId")
	for _, s := range g.seats {
		if w := s.waiting; w != nil && (token != "" && w.token == token || token == "" && s.instance.id == id) &&
			w.hook.name == k.p.str("LifecycleHookName") {
			return s, nil
		}
	}
	return nil, invalid("No active Lifecycle Action found with instance ID %s", id)
}

func completeLifecycleAction(k *call) ([]elem, error) {
	s, err := k.held()
	if err != nil {
		return nil, err
	}
	result := k.p.str("LifecycleActionResult")
	if result != "CONTINUE" && result != "ABANDON" {
		return nil, invalid("LifecycleActionResult must be CONTINUE or ABANDON.")
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	s.complete(result)
	return nil, nil
}

func recordLifecycleActionHeartbeat(k *call) ([]elem, error) {
	s, err := k.held()
	if err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	s.waiting.deadline = k.cloud.now.Add(s.waiting.hook.heartbeat)
	return nil, nil
}
