package awssim_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"go.uber.org/goleak"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a clock that only moves when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) push(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// lab is a cloud with a clock, and the clients of the SDK pointed at it.
type lab struct {
	*testing.T
	ctx     context.Context
	clock   *clock
	cloud   *awssim.Cloud
	fleet   *awssim.Fleet
	ec2     *ec2.Client
	scaling *autoscaling.Client
	elb     *elb.Client
	sts     *sts.Client
	alarms  *cloudwatch.Client
}

func newLab(t *testing.T, opts awssim.Options) *lab {
	t.Helper()
	l := &lab{T: t, ctx: t.Context(), clock: &clock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}}
	opts.Now = l.clock.Now
	opts.NoThrottle = opts.ScalingBurst == 0
	if opts.NotFoundFor == 0 {
		opts.NotFoundFor = -1
	}
	l.cloud = awssim.New(opts)
	if err := l.cloud.Start(); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		_ = l.cloud.Close()
	})
	l.fleet = l.cloud.Region("eu-west-1")
	l.connect(l.config(client, "local"))
	return l
}

func (l *lab) config(client *http.Client, key string) aws.Config {
	return aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(l.cloud.URL()),
		Credentials:  credentials.NewStaticCredentialsProvider(key, "local", ""),
		HTTPClient:   client,
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func (l *lab) connect(config aws.Config) {
	l.ec2 = ec2.NewFromConfig(config)
	l.scaling = autoscaling.NewFromConfig(config)
	l.elb = elb.NewFromConfig(config)
	l.sts = sts.NewFromConfig(config)
	l.alarms = cloudwatch.NewFromConfig(config)
}

// must stops the test when a call fails.
func must[T any](l *lab) func(T, error) T {
	return func(v T, err error) T {
		l.Helper()
		if err != nil {
			l.Fatal(err)
		}
		return v
	}
}

// web seeds two images, a template with a version for each, and a group of n instances on the first.
func (l *lab) web(n int) {
	l.Helper()
	l.fleet.AddImage(awssim.Image{ID: "ami-00000000000000001", Name: "web-1"})
	l.fleet.AddImage(awssim.Image{ID: "ami-00000000000000002", Name: "web-2"})
	l.fleet.AddTemplate(awssim.Template{Name: "web", Versions: []awssim.TemplateVersion{
		{Image: "ami-00000000000000001"}, {Image: "ami-00000000000000002"},
	}})
	warmup := time.Minute
	if err := l.fleet.AddGroup(awssim.Group{Name: "web", Template: "web", Max: 2 * n, Desired: n, Warmup: &warmup}); err != nil {
		l.Fatal(err)
	}
}

func (l *lab) images() map[string]int {
	g, _ := l.fleet.Group("web")
	count := map[string]int{}
	for _, i := range g.Instances {
		count[i.Image]++
	}
	return count
}
