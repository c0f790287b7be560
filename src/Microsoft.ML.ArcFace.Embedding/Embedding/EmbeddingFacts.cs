using Microsoft.ML.ArcFace.Graphs;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>Holds what is known of an embedding without its weights, also after these are freed.</summary>
/// <param name="Architecture">The published network; null for a graph of others.</param>
/// <param name="EmbeddingSize">Numbers in an embedding.</param>
/// <param name="PersonCount">People of the training set; 0 where the weights came from a file.</param>
/// <param name="PersonNames">The person of each class; null if the training label was a key without names.</param>
/// <param name="Scale">The scale of the softmax over cosines.</param>
/// <param name="Precision">The arithmetic that was asked for.</param>
/// <param name="Training">How it was trained; null if that is not known.</param>
/// <param name="File">The file that the network was read from; null if it was trained, or an older version saved it.</param>
/// <param name="Graph">The graph that the network was read from, to be written again; null if there is none, or an older version saved the model.</param>
internal sealed record EmbeddingFacts(
    BackboneArchitecture? Architecture, int EmbeddingSize, int PersonCount, string[]? PersonNames, double Scale, InferencePrecision Precision, FaceTrainingSummary? Training, FaceNetworkFile? File = null, OriginalGraph? Graph = null)
{
    /// <summary>More people than any set has: a label of more values is a hash, or a mistake.</summary>
    public const int MostPeople = 100_000_000;
}
