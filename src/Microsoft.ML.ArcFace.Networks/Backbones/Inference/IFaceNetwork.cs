namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>Computes the raw embeddings of faces. Any number of threads may embed at once.</summary>
internal interface IFaceNetwork : IDisposable
{
    /// <summary>Embeds faces: [count, d], row by row, not normalized.</summary>
    /// <param name="faces">Interleaved RGB, 112·112·3 bytes a face.</param>
    /// <param name="count">The number of faces, at least 1.</param>
    float[] Embed(ReadOnlySpan<byte> faces, int count);
}
