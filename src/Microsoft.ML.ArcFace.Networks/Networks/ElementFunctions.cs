using System.Numerics.Tensors;

namespace Microsoft.ML.ArcFace.Networks;

/// <summary>Computes each number of a span; the spans may be one.</summary>
internal delegate void ElementFunction(ReadOnlySpan<float> values, Span<float> results);

/// <summary>Computes each number of two spans of one length.</summary>
internal delegate void ElementCombination(ReadOnlySpan<float> left, ReadOnlySpan<float> right, Span<float> results);

/// <summary>What the operators of one and of two numbers compute.</summary>
internal static class ElementFunctions
{
    /// <summary>The function of a node of <see cref="Operators.OfOneValue"/>.</summary>
    public static ElementFunction Of(NetworkNode node)
    {
        float alpha = (float)node.Attributes.Real("alpha", 0), beta = (float)node.Attributes.Real("beta", 0);
        float least = (float)node.Attributes.Real("min", float.NegativeInfinity), most = (float)node.Attributes.Real("max", float.PositiveInfinity);
        return node.Operator switch
        {
            "Abs" => TensorPrimitives.Abs,
            "Exp" => TensorPrimitives.Exp,
            "Neg" => TensorPrimitives.Negate,
            "Reciprocal" => TensorPrimitives.Reciprocal,
            "Sigmoid" => TensorPrimitives.Sigmoid,
            "Sqrt" => TensorPrimitives.Sqrt,
            "Tanh" => TensorPrimitives.Tanh,
            "HardSigmoid" => (values, results) => HardSigmoid(values, results, alpha, beta),
            Operators.Relu => static (values, results) => TensorPrimitives.Max(values, 0f, results),
            Operators.Clip => (values, results) =>
            {
                TensorPrimitives.Max(values, least, results);
                TensorPrimitives.Min(results, most, results);
            },
            Operators.LeakyRelu => (values, results) => LeakyRelu(values, results, alpha),
            _ => throw new NotSupportedException($"No function computes {node}."),
        };
    }

    /// <summary>The function of a node of <see cref="Operators.OfTwoValues"/>.</summary>
    public static ElementCombination OfTwo(NetworkNode node) => node.Operator switch
    {
        Operators.Add => TensorPrimitives.Add,
        "Div" => TensorPrimitives.Divide,
        "Max" => TensorPrimitives.Max,
        "Min" => TensorPrimitives.Min,
        Operators.Multiply => TensorPrimitives.Multiply,
        "Pow" => TensorPrimitives.Pow,
        "Sub" => TensorPrimitives.Subtract,
        _ => throw new NotSupportedException($"No function computes {node}."),
    };

    private static void HardSigmoid(ReadOnlySpan<float> values, Span<float> results, float alpha, float beta)
    {
        TensorPrimitives.Multiply(values, alpha, results);
        TensorPrimitives.Add(results, beta, results);
        TensorPrimitives.Max(results, 0f, results);
        TensorPrimitives.Min(results, 1f, results);
    }

    private static void LeakyRelu(ReadOnlySpan<float> values, Span<float> results, float alpha)
    {
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = values[i] < 0 ? values[i] * alpha : values[i];
        }
    }
}
