package cloud

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
)

func asFleetError(t *testing.T, err error) *fleet.Error {
	t.Helper()
	e, ok := errors.AsType[*fleet.Error](err)
	if !ok {
		t.Fatalf("got %T (%v), want *fleet.Error", err, err)
	}
	return e
}

func TestKindsOfErrors(t *testing.T) {
	tests := []struct {
		code   string
		status int
		want   fleet.ErrorKind
	}{
		{"InvalidLaunchTemplateId.NotFound", 400, fleet.Absent},
		{"InvalidLaunchTemplateName.NotFoundException", 400, fleet.Absent},
		{"InvalidAMIID.Unavailable", 400, fleet.Absent},
		{"UnauthorizedOperation", 403, fleet.Refused},
		{"AuthFailure", 401, fleet.Refused},
		{"IdempotentParameterMismatch", 400, fleet.TokenMismatch},
		{"InvalidParameterValue", 400, fleet.Rejected},
		{"SomethingNewAndWrong", 400, fleet.Rejected},
		{"RequestExpired", 400, fleet.Other},
		{"InvalidAMIName.Duplicate", 400, fleet.Exists},
		{"InvalidLaunchTemplateName.AlreadyExistsException", 400, fleet.Exists},
		{"VcpuLimitExceeded", 400, fleet.Quota},
		{"PendingSnapshotLimitExceeded", 400, fleet.Quota},
		{"MaxSpotInstanceCountExceeded", 400, fleet.Quota},
		{"InsufficientInstanceCapacity", 500, fleet.Full},
		{"IncorrectInstanceState", 400, fleet.Busy},
		{"InvalidSnapshot.InUse", 400, fleet.Busy},
	}
	for _, tt := range tests {
		t.Run(tt.code, func(t *testing.T) {
			c, _ := client(t, script{"DescribeLaunchTemplates": func(url.Values) (int, string) {
				return ec2Error(tt.status, tt.code, "AWS's own words")
			}})
			_, err := c.Template(t.Context(), fleet.TemplateRef{ID: "lt-1"})
			wantKind(t, err, tt.want, "ec2:DescribeLaunchTemplates")
			if e := asFleetError(t, err); e.Code != tt.code || e.Message != "AWS's own words" {
				t.Errorf("got %q %q, want %q and AWS's own words", e.Code, e.Message, tt.code)
			}
		})
	}
}

func TestKindsOfScalingErrors(t *testing.T) {
	tests := []struct {
		code   string
		status int
		want   fleet.ErrorKind
	}{
		{"InstanceRefreshInProgress", 400, fleet.InProgress},
		{"ActiveInstanceRefreshNotFound", 400, fleet.NoRefresh},
		{"IrreversibleInstanceRefresh", 400, fleet.Irreversible},
		{"AccessDenied", 403, fleet.Refused},
		{"ValidationError", 400, fleet.Rejected},
		{"LimitExceeded", 400, fleet.Quota},
		{"ScalingActivityInProgress", 400, fleet.Busy},
		{"AlreadyExists", 400, fleet.Exists},
	}
	for _, tt := range tests {
		t.Run(tt.code, func(t *testing.T) {
			c, _ := client(t, script{"RollbackInstanceRefresh": func(url.Values) (int, string) {
				return queryError(tt.status, tt.code, "AWS's own words")
			}})
			_, err := c.RollbackRefresh(t.Context(), "web")
			wantKind(t, err, tt.want, "autoscaling:RollbackInstanceRefresh")
		})
	}
}

func TestRefusalIsReadable(t *testing.T) {
	c, _ := client(t, script{"ModifyLaunchTemplate": func(url.Values) (int, string) {
		return ec2Error(403, "UnauthorizedOperation", "You may not. Encoded authorization failure message: AbCd")
	}})
	err := c.SetDefaultVersion(t.Context(), "lt-1", 2, "amiral-op-1")
	if got, want := err.Error(), "ec2:ModifyLaunchTemplate: UnauthorizedOperation: You may not."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestThrottlingPassesWithinACall(t *testing.T) {
	local(t)
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		c, _ := dial(t, script{"DescribeLaunchTemplates": func(url.Values) (int, string) {
			if tries++; tries < attempts {
				return ec2Error(503, "RequestLimitExceeded", "Request limit exceeded.")
			}
			return 200, `<DescribeLaunchTemplatesResponse><launchTemplates><item>` +
				`<launchTemplateId>lt-1</launchTemplateId></item></launchTemplates></DescribeLaunchTemplatesResponse>`
		}})
		template, err := c.Template(t.Context(), fleet.TemplateRef{ID: "lt-1"})
		if err != nil || template.ID != "lt-1" {
			t.Errorf("got %v, %v after %d tries, want lt-1", template, err, tries)
		}
	})
}

func TestThrottlingThatLastsIsTold(t *testing.T) {
	local(t)
	for code, status := range map[string]int{"Throttling": 400, "ThrottlingException": 400, "RequestLimitExceeded": 503} {
		synctest.Test(t, func(t *testing.T) {
			c, w := dial(t, script{"DescribeAutoScalingGroups": func(url.Values) (int, string) {
				return queryError(status, code, "Rate exceeded")
			}})
			began := time.Now()
			_, err := c.Group(t.Context(), "web")
			wantKind(t, err, fleet.Throttled, "autoscaling:DescribeAutoScalingGroups")
			if n := len(w.of("DescribeAutoScalingGroups")); n != attempts {
				t.Errorf("got %d tries, want %d", n, attempts)
			}
			if took := time.Since(began); took > callTimeout {
				t.Errorf("got %s, want no more than %s", took, callTimeout)
			}
		})
	}
}

func TestServerInTroubleIsOther(t *testing.T) {
	local(t)
	synctest.Test(t, func(t *testing.T) {
		c, _ := dial(t, script{"DescribeInstances": func(url.Values) (int, string) {
			return ec2Error(500, "InternalError", "An internal error has occurred")
		}})
		_, err := c.Instances(t.Context(), "i-1")
		wantKind(t, err, fleet.Other, "ec2:DescribeInstances")
	})
}

func TestSilentServerEndsWithTheCall(t *testing.T) {
	local(t)
	synctest.Test(t, func(t *testing.T) {
		c, _ := dial(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		began := time.Now()
		_, err := c.Image(t.Context(), "ami-1")
		wantKind(t, err, fleet.Other, "ec2:DescribeImages")
		if took := time.Since(began); took > callTimeout {
			t.Errorf("got an answer after %s, want it within %s", took, callTimeout)
		}
	})
}

func TestCancelledCallSaysSo(t *testing.T) {
	c, _ := client(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Identity(ctx)
	wantKind(t, err, fleet.Other, "sts:GetCallerIdentity")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled inside", err)
	}
}
