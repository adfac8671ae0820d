package awssim

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// serviceName is a service as IAM writes it in actions.
type serviceName string

const (
	ec2Service     serviceName = "ec2"
	scalingService serviceName = "autoscaling"
	elbService     serviceName = "elasticloadbalancing"
	stsService     serviceName = "sts"
	alarmService   serviceName = "cloudwatch"
	ssmService     serviceName = "ssm"
)

var namespaces = map[serviceName]string{
	ec2Service:     "http://ec2.amazonaws.com/doc/2016-11-15/",
	scalingService: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
	elbService:     "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
	stsService:     "https://sts.amazonaws.com/doc/2011-06-15/",
	alarmService:   "http://monitoring.amazonaws.com/doc/2010-08-01/",
}

// versions tells services apart when a request is not signed.
var versions = map[string]serviceName{
	"2016-11-15": ec2Service,
	"2011-01-01": scalingService,
	"2015-12-01": elbService,
	"2011-06-15": stsService,
	"2010-08-01": alarmService,
}

// action answers one kind of request.
type action func(*call) ([]elem, error)

// call is one request while it is being answered.
type call struct {
	cloud     *Cloud
	fleet     *Fleet
	service   serviceName
	action    string
	p         *params
	caller    identity
	wire      wire
	requestID string
	bad       error
	touched   *group
}

// maxBody is more than AWS takes.
const maxBody = 4 << 20

// Handler serves the AWS endpoints, and under /fleet/ the controls.
func (c *Cloud) Handler() http.Handler {
	mux := http.NewServeMux()
	c.control(mux)
	mux.HandleFunc("/", c.serve)
	return mux
}

// serve answers one AWS request.
func (c *Cloud) serve(w http.ResponseWriter, r *http.Request) {
	k, err := c.read(w, r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	status, body, fate := c.answer(k)
	select {
	case <-time.After(c.opts.Latency + fate.delay):
	case <-r.Context().Done():
	}
	if fate.lost {
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
	k.wire.headers(w.Header(), k.requestID, status, body)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// read understands who asks what of which service.
func (c *Cloud) read(w http.ResponseWriter, r *http.Request) (*call, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	k := &call{cloud: c, wire: queryWire{}}
	scope := readScope(r)
	if err := k.parse(r, body); err != nil {
		return nil, err
	}
	k.service = cmp.Or(scope.service, versions[k.p.str("Version")], k.service)
	if k.service == "" {
		return nil, errors.New("awssim: the request names neither a known service nor a known version")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k.caller = c.identify(scope.key)
	k.fleet = c.account(k.caller.account).region(cmp.Or(scope.region, c.opts.Regions[0]))
	k.requestID = c.uuid()
	return k, nil
}

// parse picks the protocol and reads action and parameters.
func (k *call) parse(r *http.Request, body []byte) error {
	target := r.Header.Get("X-Amz-Target")
	switch {
	case r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		return k.parseCBOR(r.URL.Path, body)
	case target != "":
		return k.parseJSON(target, body)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return err
	}
	for name, values := range r.URL.Query() {
		if _, ok := form[name]; !ok {
			form[name] = values
		}
	}
	k.p = parseQuery(form)
	k.action = k.p.str("Action")
	return nil
}

// answer runs the request against the fleet: permission, faults, throttling, then the action itself.
func (c *Cloud) answer(k *call) (int, string, fate) {
	unlock := c.lock()
	defer unlock()
	fate, err := c.before(k)
	var result []elem
	if err == nil {
		result, err = k.run()
	}
	var failure *apiError
	if err != nil && !errors.As(err, &failure) {
		failure = &apiError{status: http.StatusInternalServerError, code: "InternalFailure", message: err.Error()}
	}
	c.record(k, failure)
	if failure != nil {
		return failure.status, k.wire.failure(k, failure), fate
	}
	return http.StatusOK, k.wire.success(k, result), fate
}

// run finds the action and lets it answer.
func (k *call) run() ([]elem, error) {
	do := k.cloud.actions[string(k.service)][k.action]
	if do == nil {
		return nil, refuse("InvalidAction", "The simulated %s has no action %s.", k.service, k.action)
	}
	result, err := do(k)
	if err == nil && k.bad != nil {
		return nil, k.bad
	}
	if err == nil && k.service == ec2Service && k.p.yes("DryRun") {
		return nil, dryRun()
	}
	return result, err
}

// ready is called by every action that changes something, between its checks and its first change. It
// tells of a parameter that could not be read, and that this was a dry run.
func (k *call) ready() error {
	if k.bad != nil {
		return k.bad
	}
	if k.touched != nil && k.touched.operator != "" {
		return invalid("The Auto Scaling group %s is managed by %s and cannot be changed by you.", k.touched.name, k.touched.operator)
	}
	if k.service == ec2Service && k.p.yes("DryRun") {
		return dryRun()
	}
	return nil
}

func dryRun() error {
	return &apiError{
		status:  http.StatusPreconditionFailed,
		code:    "DryRunOperation",
		message: "Request would have succeeded, but DryRun flag is set.",
	}
}

// num reads a number, or gives the default where there is none. What is no number is reported by ready.
func (k *call) num(fallback int, path ...string) int {
	at := k.p.at(path...)
	if !at.set {
		return fallback
	}
	n, err := strconv.Atoi(strings.TrimSpace(at.value))
	if err != nil {
		k.bad = k.malformed("%s must be a number, not %q.", strings.Join(path, "."), at.value)
	}
	return n
}

// moment reads a time, or the zero time where there is none.
func (k *call) moment(path ...string) time.Time {
	at := k.p.at(path...)
	if !at.set {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02"} {
		if t, err := time.Parse(layout, at.value); err == nil {
			return t
		}
	}
	k.bad = k.malformed("%s must be a time, not %q.", strings.Join(path, "."), at.value)
	return time.Time{}
}

func (k *call) malformed(format string, args ...any) error {
	switch k.service {
	case ec2Service:
		return refuse("InvalidParameterValue", format, args...)
	case ssmService:
		return refuse("ValidationException", format, args...)
	}
	return invalid(format, args...)
}

// need reports the first of the named parameters that is missing.
func (k *call) need(names ...string) error {
	for _, name := range names {
		if k.p.has(name) {
			continue
		}
		if k.service == ec2Service {
			return refuse("MissingParameter", "The request must contain the parameter %s", name)
		}
		return k.malformed("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null",
			strings.ToLower(name[:1])+name[1:])
	}
	return nil
}

// book lists every action of every service.
func (c *Cloud) book() map[string]map[string]action {
	return map[string]map[string]action{
		string(ec2Service): merge(instanceActions(), powerActions(), tagActions(), imageActions(), imageLifeActions(),
			imageShareActions(), imageReferenceActions(), usageReportActions(),
			networkActions(), securityActions(),
			snapshotActions(), volumeActions(), templateActions(), versionActions()),
		string(scalingService): merge(groupActions(), memberActions(), hookActions(), refreshActions(), balanceActions()),
		string(elbService):     targetActions(),
		string(stsService):     identityActions(),
		string(alarmService):   alarmActions(),
		string(ssmService):     merge(parameterActions(), nodeActions(), commandActions(), inventoryActions()),
	}
}

func merge(books ...map[string]action) map[string]action {
	all := map[string]action{}
	for _, book := range books {
		for name, do := range book {
			all[name] = do
		}
	}
	return all
}
