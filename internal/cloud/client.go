package cloud

import (
	"context"
	"errors"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// Client is one environment's AWS. It is safe for use by many goroutines.
type Client struct {
	region   string
	groups   *autoscaling.Client
	machines *ec2.Client
	balancer *elb.Client
	alarms   *cloudwatch.Client
	nodes    *ssm.Client
	identity *sts.Client
}

func newClient(config aws.Config) *Client {
	return &Client{
		region:   config.Region,
		groups:   autoscaling.NewFromConfig(config),
		machines: ec2.NewFromConfig(config, func(o *ec2.Options) { o.IdempotencyTokenProvider = noTokens{} }),
		balancer: elb.NewFromConfig(config),
		alarms:   cloudwatch.NewFromConfig(config),
		nodes:    ssm.NewFromConfig(config),
		identity: sts.NewFromConfig(config),
	}
}

// noTokens stops every call that would leave with a client token of the SDK's making. Such a token
// lives as long as the call; ours outlives the process, so a repeated step is the same call.
type noTokens struct{}

var errNoToken = errors.New("the call carries no client token of ours")

// GetIdempotencyToken implements ec2.IdempotencyTokenProvider.
func (noTokens) GetIdempotencyToken() (string, error) { return "", errNoToken }

// Identity returns who the bot is there.
func (c *Client) Identity(ctx context.Context) (fleet.Identity, error) {
	out, err := c.identity.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return fleet.Identity{}, failure(err)
	}
	return fleet.Identity{
		Account: aws.ToString(out.Account),
		ARN:     aws.ToString(out.Arn),
		Region:  c.region,
	}, nil
}

// pager is what the SDK's paginators have in common.
type pager[Page, Options any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*Options)) (*Page, error)
}

// pages goes through all pages. The error, if there is one, comes last, already translated.
func pages[Page, Options any](ctx context.Context, p pager[Page, Options]) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		for p.HasMorePages() {
			page, err := p.NextPage(ctx)
			if err != nil {
				yield(nil, failure(err))
				return
			}
			if !yield(page, nil) {
				return
			}
		}
	}
}
