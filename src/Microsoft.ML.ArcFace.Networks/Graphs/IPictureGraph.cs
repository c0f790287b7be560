namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>Computes the outputs of a graph for single pictures. Many threads may run it at once.</summary>
internal interface IPictureGraph : IDisposable
{
    /// <summary>Whether pictures are [height, width, 3]; else [3, height, width].</summary>
    bool IsInterleaved { get; }

    /// <summary>Gives the outputs that it was made for, each row by row.</summary>
    /// <param name="picture">The numbers of a picture.</param>
    /// <param name="width">Its width.</param>
    /// <param name="height">Its height.</param>
    /// <exception cref="WeightsFormatException">The graph does not fit a picture of that size, or takes too much memory or time for it.</exception>
    float[][] Run(float[] picture, int width, int height);
}

/// <summary>A runtime that the program brings cannot use a graph, or not for a picture of some size.</summary>
internal sealed class GraphRuntimeException(string message, Exception innerException) : Exception(message, innerException);

/// <summary>Runs graphs that are not computed here. An assembly that brings a runtime implements it.</summary>
internal interface IGraphRuntime
{
    /// <summary>Opens a graph for pictures of a first size, within <see cref="GraphLimits"/>.</summary>
    /// <param name="model">What <see cref="GraphFile"/> gave; it is taken over.</param>
    /// <param name="outputs">The names of the outputs to compute; other values of the graph may be among them.</param>
    /// <param name="width">Width of the first pictures.</param>
    /// <param name="height">Height of the first pictures.</param>
    /// <param name="isInterleaved">Whether the graph reads [1, height, width, 3]; else [1, 3, height, width].</param>
    /// <param name="fileBytes">Bytes of a file that may be as large as a recognizer's, whose numbers do not count against the limits.</param>
    /// <exception cref="GraphSizesException">The graph does not fit this size.</exception>
    /// <exception cref="GraphRuntimeException">The runtime does not take the graph.</exception>
    /// <exception cref="WeightsFormatException">It would cost more than it may.</exception>
    /// <exception cref="NativeRuntimeException">The runtime's native library cannot be loaded.</exception>
    IPictureGraph Open(ModelProto model, IReadOnlyList<string> outputs, int width, int height, bool isInterleaved = false, long fileBytes = 0);
}
