using Google.Protobuf;
using Microsoft.ML.ArcFace.Export;

namespace Microsoft.ML.ArcFace.Detection;

/// <summary>Reads and changes the ONNX graph of a detector.</summary>
internal static class DetectorGraph
{
    /// <summary>Published detectors have 0.2 to 20 MB.</summary>
    public const int MostBytes = 256 << 20;

    private const int Height = 2, Width = 3;

    /// <summary>Parses a file and refuses one that is no model, or that has parts in other files.</summary>
    public static ModelProto Parse(byte[] bytes)
    {
        ModelProto model;
        try
        {
            model = ModelProto.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException error)
        {
            throw new WeightsFormatException($"The {bytes.Length} bytes are no ONNX model ({error.Message.TrimEnd('.')}). Give the .onnx file of a face detector.", error);
        }

        if (model.Graph is not { } graph || graph.Node.Count == 0)
        {
            throw new WeightsFormatException($"The {bytes.Length} bytes are no ONNX model: they hold no graph. Give the .onnx file of a face detector.");
        }

        TensorProto? elsewhere = graph.Initializer.FirstOrDefault(tensor => tensor.DataLocation == TensorProto.Types.DataLocation.External);
        return elsewhere is null
            ? model
            : throw new WeightsFormatException($"The tensor '{elsewhere.Name}' lies in another file than the graph. Save the detector as one .onnx file.");
    }

    /// <summary>
    /// The graph for pictures of any size. Files often state the size they were traced with, although the network is made
    /// of convolutions; OpenCV replaces it too.
    /// </summary>
    public static byte[] WithOpenSizes(ModelProto model)
    {
        ModelProto open = model.Clone();
        foreach (ValueInfoProto input in open.Graph.Input.Where(IsPicture))
        {
            input.Type.TensorType.Shape.Dim[Height] = Open("height");
            input.Type.TensorType.Shape.Dim[Width] = Open("width");
        }

        foreach (ValueInfoProto output in open.Graph.Output)
        {
            for (int i = 0; i < output.Type?.TensorType?.Shape?.Dim.Count - 1; i++)
            {
                output.Type!.TensorType.Shape.Dim[i] = Open($"{output.Name}_{i}");
            }
        }

        // Sizes of intermediate values follow from the old one.
        open.Graph.ValueInfo.Clear();
        return open.ToByteArray();
    }

    private static bool IsPicture(ValueInfoProto input) => input.Type?.TensorType?.Shape?.Dim.Count == 4;

    private static TensorShapeProto.Types.Dimension Open(string name) => new() { DimParam = name };
}
