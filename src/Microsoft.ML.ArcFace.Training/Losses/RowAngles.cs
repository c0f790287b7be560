using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>
/// Angles in radians, 0 to π, between rows of unit length: 2·atan2(‖a − b‖, ‖a + b‖), which keeps its digits at both
/// ends, where arccos loses half of them. The gradient is bounded everywhere, and 0 where rows coincide.
/// </summary>
internal static class RowAngles
{
    /// <summary>[B] of each row of [B, d] with the row of the other at the same place.</summary>
    public static Tensor Between(Tensor first, Tensor second) =>
        atan2((first - second).norm(1), first.Plus(second).norm(1)).Times(2);

    /// <summary>[B, B] of all rows of [B, d] with each other.</summary>
    public static Tensor OfAll(Tensor rows) => atan2(DistancesOfAll(rows, rows), DistancesOfAll(rows, -rows)).Times(2);

    /// <summary>Euclidean distances [B, B] of the rows of [B, d] with those of another; exact also where they are small.</summary>
    public static Tensor DistancesOfAll(Tensor rows, Tensor others) => cdist(rows, others, 2, compute_mode.donot_use_mm_for_euclid_dist);
}
