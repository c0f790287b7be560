using System.Reflection;
using System.Reflection.Emit;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Which methods a compiled method names: those that it calls, constructs or makes delegates of.</summary>
internal static class CalledMethods
{
    private static readonly Dictionary<ushort, OpCode> OpCodesByValue = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => (ushort)code.Value);

    /// <summary>All methods and constructors of an assembly, those of lambdas and iterators among them.</summary>
    public static IEnumerable<MethodBase> AllOf(Assembly assembly) => assembly.GetTypes().SelectMany(type => type
        .GetMembers(BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
        .OfType<MethodBase>());

    /// <summary>In order, as often as they are named; generic ones by their definition.</summary>
    public static IEnumerable<(OpCode Code, MethodBase Called)> Of(MethodBase method)
    {
        byte[] code = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        Type[]? ofMethod = method is MethodInfo { IsGenericMethod: true } ? method.GetGenericArguments() : null;
        for (int place = 0; place < code.Length;)
        {
            ushort value = code[place++];
            OpCode instruction = OpCodesByValue[value == 0xFE ? (ushort)(0xFE00 | code[place++]) : value];
            if (instruction.OperandType == OperandType.InlineMethod)
            {
                int token = BitConverter.ToInt32(code, place);
                yield return (instruction, Definition(method.Module.ResolveMethod(token, method.DeclaringType?.GetGenericArguments(), ofMethod)!));
            }

            place += instruction.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, place)),
                _ => 4,
            };
        }
    }

    /// <summary>Such as "Tensor.add_(Tensor, Scalar)".</summary>
    public static string Describe(MethodBase method) =>
        $"{method.DeclaringType?.Name}.{method.Name}({string.Join(", ", method.GetParameters().Select(parameter => parameter.ParameterType.Name))})";

    private static MethodBase Definition(MethodBase method) =>
        method is MethodInfo { IsConstructedGenericMethod: true } or { DeclaringType.IsConstructedGenericType: true }
            ? method.Module.ResolveMethod(method.MetadataToken)!
            : method;
}
