using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>Loads the face detectors of saved models; the part that detects implements it.</summary>
internal interface IFaceDetection
{
    /// <summary>Loads a detector from its entry.</summary>
    ITransformer Load(IHostEnvironment environment, ModelLoadContext context);

    /// <summary>Loads a detector from its entry as a mapper of the rows of a schema.</summary>
    IRowMapper LoadRowMapper(IHostEnvironment environment, ModelLoadContext context, DataViewSchema inputSchema);
}
