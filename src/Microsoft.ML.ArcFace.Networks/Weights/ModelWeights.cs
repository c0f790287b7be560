using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>Finds the weights within the .zip of a saved face model.</summary>
internal static class ModelWeights
{
    /// <summary>
    /// Opens the safetensors file in the zip, which lies there as it is or is unpacked to memory; null if the file is no zip, or one without
    /// weights of ours.
    /// </summary>
    /// <exception cref="WeightsFormatException">It is damaged, or the model has several face embeddings.</exception>
    public static ByteSource? Find(ByteSource source)
    {
        if (!ZipDirectory.IsZip(source))
        {
            return null;
        }

        try
        {
            ZipEntry[] found = [.. ZipDirectory.Read(source).Values.Where(entry => entry.FileName == FileNature.ModelWeightsName)];
            return found.Length <= 1
                ? found.Length == 0 ? null : found[0].Open(source)
                : throw new WeightsFormatException($"The model has {found.Length} face embeddings in it; weights are those of one. Export the one that is meant: ExportToSafetensors.");
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            throw new WeightsFormatException($"The zip cannot be read: {error.Message}. The file is damaged, or was copied in part.", error);
        }
    }
}
