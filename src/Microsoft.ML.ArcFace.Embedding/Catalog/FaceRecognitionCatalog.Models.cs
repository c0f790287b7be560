using Microsoft.ML.ArcFace;

namespace Microsoft.ML;

public sealed partial class FaceRecognitionCatalog
{
    /// <summary>
    /// Loads a model with a face embedding in it, as <c>ml.Model.Load</c> does, but where no temporary file can be written, too, and with
    /// messages that name the file and say what it is.
    /// </summary>
    /// <remarks>
    /// The weights as they were trained lie in a temporary file without a name (<c>MLContext.TempFilePath</c>) as long as the model lasts,
    /// so that it can be saved and exported when the .zip is gone; where none can be written they are in memory beside those that compute.
    /// </remarks>
    /// <param name="path">A .zip that <see cref="SaveModel"/>, <c>ml.Model.Save</c> or <c>arcface train</c> wrote.</param>
    /// <param name="inputSchema">The schema of what the model takes; null if it was saved without one.</param>
    /// <returns>The model; dispose of it to free its native memory.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="WeightsFormatException">It is damaged or of another kind.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="NativeRuntimeException">The native torch library is missing or too old.</exception>
    /// <exception cref="InvalidOperationException">ML.NET cannot make one of its parts; the message says why.</exception>
    public ITransformer LoadModel(string path, out DataViewSchema? inputSchema)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return FaceModelFile.Load(_environment, path, out inputSchema);
    }

    /// <summary>
    /// Saves a model in the format of <c>ml.Model.Save</c>. The file appears under its name when it is whole, and replaces a
    /// former one at once; there are no files elsewhere.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="inputSchema">The schema of what it takes; null if it is not known.</param>
    /// <param name="path">The .zip to write.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void SaveModel(ITransformer model, DataViewSchema? inputSchema, string path)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(path);
        FaceModelFile.Save(_environment, model, inputSchema, path);
    }
}
