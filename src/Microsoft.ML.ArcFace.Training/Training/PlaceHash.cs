namespace Microsoft.ML.ArcFace.Training;

/// <summary>Seeds random numbers by seed and place. System.HashCode differs from process to process; this does not.</summary>
internal static class PlaceHash
{
    public static int Of(int seed, long place) => unchecked((int)(((uint)seed * 2654435761u) ^ ((uint)place * 2246822519u)));
}
