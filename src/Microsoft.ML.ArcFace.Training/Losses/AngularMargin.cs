using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>
/// The curve ψ(θ) that takes the place of cos θ, with a = m₁θ + m₂: cos a up to π, and beyond what
/// <see cref="MarginExtension"/> says.
/// </summary>
/// <param name="Multiplier">m₁.</param>
/// <param name="MarginRadians">m₂.</param>
/// <param name="Extension">What happens beyond π.</param>
internal sealed record AngularMargin(double Multiplier, double MarginRadians, MarginExtension Extension)
{
    // Below it 1/sin θ is held constant. The gradient it would multiply, that of cos θ, goes to 0 with sin θ, and only
    // its rounding error is left: 1e-4 keeps that error small in float32, 1e-7 in float64.
    private const double SmallestSineSingle = 1e-4, SmallestSineDouble = 1e-7;

    /// <summary>The margin that a ramp from 0 to 1 has reached.</summary>
    public AngularMargin AtFraction(double fraction) =>
        this with { Multiplier = 1 + (fraction * (Multiplier - 1)), MarginRadians = fraction * MarginRadians };

    /// <summary>
    /// ψ [B] of the pairs with the exact gradient dψ/dcos θ = m₁·(−1)ᵏ·sin a / sin θ, or with a slope of 1.
    /// </summary>
    /// <param name="pairs">The embeddings and their own centres.</param>
    /// <param name="gradient">Which gradient by cos θ.</param>
    /// <param name="addedRadians">[B], added to m₂ sample by sample; its own gradient passes.</param>
    public Tensor Apply(TargetPairs pairs, MarginGradient gradient = MarginGradient.Exact, Tensor? addedRadians = null)
    {
        Tensor theta = pairs.Angle();
        (Tensor value, Tensor slope) = Curve(theta, addedRadians);
        Tensor slopeByCosine = gradient == MarginGradient.StraightThrough ? ones_like(theta) : slope.detach();

        // A line through the value with the slope wanted: its gradient is finite wherever value and slope are. The
        // difference is exactly 0, so that a steep slope costs the value no digits.
        return value.Plus(slopeByCosine * (pairs.Cosine - pairs.Cosine.detach()));
    }

    /// <summary>ψ(θ) of one angle in radians.</summary>
    public double At(double theta)
    {
        double angle = (Multiplier * theta) + MarginRadians;
        double turns = Math.Floor(angle / Math.PI);                            // k
        return Extension switch
        {
            MarginExtension.Continuous => (turns % 2 == 0 ? Math.Cos(angle) : -Math.Cos(angle)) - (2 * turns),
            MarginExtension.InsightFace when angle >= Math.PI => Math.Cos(theta) - (MarginRadians * Math.Sin(MarginRadians)),
            _ => Math.Cos(angle),
        };
    }

    /// <summary>ψ(θ) and dψ/dcos θ, both [B].</summary>
    public (Tensor Value, Tensor SlopeByCosine) Curve(Tensor theta, Tensor? addedRadians = null)
    {
        double smallestSine = theta.dtype == ScalarType.Float64 ? SmallestSineDouble : SmallestSineSingle;
        Tensor margin = addedRadians is null ? theta.FilledWith(MarginRadians) : addedRadians.Plus(MarginRadians);
        Tensor angle = theta.Times(Multiplier).Plus(margin);
        Tensor stretch = theta.sin().AtLeast(smallestSine).reciprocal().Times(Multiplier); // −da/dcos θ
        if (Extension == MarginExtension.Continuous)
        {
            Tensor turns = angle.DividedBy(Math.PI).floor();                   // k
            Tensor sign = turns.Modulo(2).Times(-2).Plus(1);                   // (−1)ᵏ
            return ((sign * angle.cos()) - turns.Times(2), sign * angle.sin() * stretch);
        }

        Tensor value = angle.cos(), slope = angle.sin() * stretch;
        if (Extension == MarginExtension.InsightFace)
        {
            Tensor isBeyond = angle.IsAtLeast(Math.PI);
            value = where(isBeyond, theta.cos() - (margin * margin.sin()), value);
            slope = where(isBeyond, ones_like(slope), slope);
        }

        return (value, slope);
    }
}
