namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>Marks a transformer that owns native memory and can share it with a copy of itself.</summary>
internal interface ISharedTransformer
{
    /// <summary>Makes a copy; the last of both that is disposed of frees the memory.</summary>
    /// <exception cref="ObjectDisposedException">This one is disposed of.</exception>
    ITransformer Share();
}
